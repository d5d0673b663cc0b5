package report

// Checks on the folder that tenantfence render writes.
var (
	FileEdited = define(Check{
		Name:       "file-edited",
		Severities: []Severity{Error},
		Title:      "A rendered file was changed afterwards",
		Meaning:    "The content or path of the file does not match the checksum in its first line. tenantfence render does not overwrite the change.",
		Fix:        "Make the change in the inputs and restore the file, or delete the file and render again.",
		Untested:   "tenantfence render reports it for its output folder: render-refused.txtar",
	})
	FileForeign = define(Check{
		Name:       "file-foreign",
		Severities: []Severity{Error},
		Title:      "A rendered folder contains a file of another origin",
		Meaning:    "tenantfence render did not write this file, hidden folder or symbolic link. The folder belongs to tenantfence render, which would otherwise delete or overwrite foreign files.",
		Fix:        "Move the file elsewhere, or render into a folder of its own with --output.",
		Untested:   "tenantfence render reports it for its output folder: render-refused.txtar",
	})
	NothingToRender = define(Check{
		Name:       "nothing-to-render",
		Severities: []Severity{Error},
		Title:      "The build contains no policies of a fence",
		Meaning:    "No policy of the build has the label tenantfence.dev/fence. An empty folder would remove all rendered policies from the cluster, so nothing is written.",
		Fix:        "Run tenantfence build to find the reason. To remove the fence, delete the rendered folder by hand.",
		Untested:   "only tenantfence render reports it: TestTreeRejectsItem",
	})
	PolicyNotRenderable = define(Check{
		Name:       "policy-not-renderable",
		Severities: []Severity{Error},
		Title:      "A generated policy cannot be placed in the folder",
		Meaning:    "The name, the namespace, or the tenant or stage label of the policy is not valid, or two different policies have one name. A layer above the fence usually causes this.",
		Fix:        "Find the layer that changes the metadata of the policy, and remove the change.",
		Untested:   "only tenantfence render reports it: TestTreeRejectsItem",
	})
)
