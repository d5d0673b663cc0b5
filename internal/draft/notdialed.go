package draft

import "regexp"

var (
	// notDialed are keys of texts with hosts that nothing connects to.
	notDialed = regexp.MustCompile(`(?i)(^|[_.])(no_proxy|noProxy|xmlns|license|allowed_hosts|allowed_origins|origins?|audience|redirect_ur[il]|callback_ur[il]|referer|resource_attributes|settings_module|vmodule|image|log_level|external_?url)$`)
	// fileName is a name with the extension of source code: server.go:10 is a line.
	fileName = regexp.MustCompile(`\.(go|js|ts|py|rb|rs|java|kt|sh|c|cc|cpp|h|php|lua|pl)$`)
)
