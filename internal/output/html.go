package output

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"strings"

	"github.com/tenantfence/tenantfence/internal/report"
)

//go:embed page
var pageFiles embed.FS

// pageScripts are the scripts of the page, in order. They share one scope.
var pageScripts = []string{"data.js", "reach.js", "dom.js", "details.js", "matrix.js", "canvas.js", "layout.js", "picture.js", "list.js", "main.js"}

// GraphHTML writes a graph as one page. Its content security policy loads nothing, and allows only the script
// and the style of the page itself.
func GraphHTML(w io.Writer, g report.Graph) error {
	page, err := pageFile("page.html")
	if err != nil {
		return err
	}
	style, err := pageFile("page.css")
	if err != nil {
		return err
	}
	script := "'use strict';\n"
	for _, name := range pageScripts {
		text, err := pageFile(name)
		if err != nil {
			return err
		}
		script += text
	}
	// The encoder escapes <, > and &, so that no name leaves its element.
	data, err := json.Marshal(pageOf(g))
	if err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	title := "Connections"
	if g.Fence != "" {
		title += " of " + g.Fence
	}
	policy := fmt.Sprintf("default-src 'none'; script-src '%s'; style-src '%s'; base-uri 'none'; form-action 'none'", hashOf(script), hashOf(style))
	text := strings.NewReplacer("@policy@", policy, "@title@", html.EscapeString(title), "@style@", style, "@data@", string(data), "@script@", script).Replace(page)
	if _, err := io.WriteString(w, text); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	return nil
}

func pageFile(name string) (string, error) {
	content, err := pageFiles.ReadFile("page/" + name)
	if err != nil {
		return "", fmt.Errorf("read the page: %w", err)
	}
	return string(content), nil
}

// hashOf identifies an inline element in a content security policy.
func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
