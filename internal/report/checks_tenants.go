package report

// Checks on Tenants, overrides, limits and L7 rules.
var (
	L7RuleShadowed = define(Check{
		Name:       "l7-rule-shadowed",
		Severities: []Severity{Error, Warning},
		Title:      "L7 rules have no effect",
		Meaning:    "Another policy or flow allows the same connections on the same port without L7 rules. Cilium then allows every request or DNS name, and the L7 rules restrict nothing. The finding names both flows, or the policies that are hand-written. For pods in AllowOnly, a finding about policies of the build is a warning.",
		Fix:        "Narrow the peers or ports of the other policy or flow, or add L7 rules there too. Else remove the L7 rules that have no effect.",
		Example:    "refused/shadowed-l7-rules",
	})

	LimitsRaisedByPattern = define(Check{
		Name:       "limits-raised-by-pattern",
		Severities: []Severity{Warning},
		Title:      "A name pattern gives a Tenant wider limits",
		Meaning:    "A pattern in overrides[].tenants raises limits, or loosens enforcement to AllowOnly, for a Tenant that the FenceProfile does not name. Anyone who can add a Tenant gets these rights by choosing a matching name.",
		Fix:        "Bind the matching names to files in tenants.allowedPaths, or list the Tenants by name in the override.",
		Example:    "generated/limits-raised-by-pattern",
	})

	LooserThanProfile = define(Check{
		Name:       "looser-than-profile",
		Severities: []Severity{Error},
		Title:      "A Tenant is looser than the profile",
		Meaning:    "The Tenant sets enforcement: AllowOnly against Enforce in the profile, or baseline.intraNamespace: true against false. A Tenant may be stricter than the profile; limits.enforcement alone allows a looser enforcement.",
		Fix:        "Remove the field from the Tenant. For enforcement, alternatively add AllowOnly to limits.enforcement of the FenceProfile.",
		Example:    "refused/looser-than-the-profile",
	})

	SecretOutsideLimits = define(Check{
		Name:       "secret-outside-limits",
		Severities: []Severity{Error},
		Title:      "A TLS Secret is outside the limits of its tenant",
		Meaning:    "The flow names a Secret in tls.terminating or tls.originating that no pattern of limits.secrets matches. The proxy of Cilium would use this Secret on behalf of the Tenant.",
		Fix:        `Name another Secret, or add "namespace/name" to limits.secrets in the FenceProfile; for one Tenant alone, in an entry of overrides.`,
		Example:    "refused/tls",
	})

	TenantDuplicate = define(Check{
		Name:       "tenant-duplicate",
		Severities: []Severity{Error},
		Title:      "Two Tenants have the same name",
		Meaning:    "The build contains more than one Tenant with this name, so its namespaces, limits and flows are ambiguous.",
		Fix:        "Give each Tenant its own name, or list the Tenant once.",
		Example:    "refused/duplicates-that-differ",
	})

	TenantOutsideAllowedPaths = define(Check{
		Name:       "tenant-outside-allowed-paths",
		Severities: []Severity{Error},
		Title:      "A Tenant is not in a file that its name is bound to",
		Meaning:    "An entry of tenants.allowedPaths binds the name of the Tenant to files, and the Tenant is in another file. Every entry with the name must allow the file, so that no other author can take the rights of the name.",
		Fix:        "Choose another name, move the Tenant to an allowed file, or add its file to the entry in the FenceProfile.",
		Example:    "refused/tenant-names-bound-to-other-files",
	})

	TenantPathUnknown = define(Check{
		Name:       "tenant-path-unknown",
		Severities: []Severity{Error},
		Title:      "The file of a Tenant with a bound name is unknown",
		Meaning:    "An entry of tenants.allowedPaths binds the name of the Tenant to files, and the host of the function does not pass on the file of the Tenant. Kustomize, for instance, does not record it.",
		Fix:        "Run tenantfence build or render, or kpt, instead of kustomize alone; for other causes, follow the message. Where these commands run kustomize, list the TenantFence in the layer that is built.",
		Untested:   "only a host that records no files reports it, and golden cases have files: tenant-names.txtar",
	})

	TenantsMissing = define(Check{
		Name:       "tenants-missing",
		Severities: []Severity{Error, Warning},
		Title:      "The build has no Tenants",
		Meaning:    "The build has no Tenants, so the fence generates nothing but host policies and removes its earlier policies (warning). With an inline profile, nothing shows that the Tenants were read, and the fence refuses to remove existing policies (error).",
		Fix:        "List the Tenants in this layer or in one below it. If the policies must go, use a FenceProfile among the items, or remove them by hand.",
		Example:    "generated/no-tenants",
	})

	TLSBetweenTenants = define(Check{
		Name:       "tls-between-tenants",
		Severities: []Severity{Error},
		Title:      "A flow with tls has pods of another Tenant as peer",
		Meaning:    "The flow has tls, and its peer selects pods of another Tenant. That Tenant would have to consent to the handling of its TLS, and no field expresses this consent.",
		Fix:        "Remove tls from the flow, or remove the peer.",
		Example:    "refused/tls",
	})

	TLSSettingsConflict = define(Check{
		Name:       "tls-settings-conflict",
		Severities: []Severity{Error},
		Title:      "Two flows intercept the same TLS with different secrets",
		Meaning:    "Two flows of a Tenant have http rules for the same pods, peer and port, and different secrets in tls, or only one of them has secrets. Cilium merges the two rules into one.",
		Fix:        "Write the same secrets in both flows, or give them different ports or peers.",
		Example:    "refused/tls-with-different-secrets",
	})

	UndecidedKindWithoutEffect = define(Check{
		Name:       "undecided-kind-without-effect",
		Severities: []Severity{Error},
		Title:      "undecidedKinds lists a kind that is decided",
		Meaning:    "The entry of undecidedKinds accepts a kind that tenantfence always decides. The entry has no effect: findings about such resources stay.",
		Fix:        "Remove the entry from undecidedKinds of the FenceProfile.",
		Example:    "refused/agent-configuration",
	})
)
