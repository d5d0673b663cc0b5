package report

// Checks on the conversion of NetworkPolicies to CiliumNetworkPolicies (tenantfence convert).
var (
	ConversionDiffers = define(Check{
		Name:       "conversion-differs",
		Severities: []Severity{Error},
		Title:      "A converted policy decides otherwise",
		Meaning:    "The CiliumNetworkPolicy does not allow the same traffic as the NetworkPolicy, so nothing is written. The cause is a defect in tenantfence.",
		Fix:        "Keep the NetworkPolicy, and report the finding as an issue of tenantfence.",
		Untested:   "tenantfence convert reports it only for a defect of the conversion: no input causes it; TestConverted proves each conversion",
	})
	PolicyGenerated = define(Check{
		Name:       "policy-generated",
		Severities: []Severity{Error},
		Title:      "A fence generates the policy to convert",
		Meaning:    "The NetworkPolicy has the label tenantfence.dev/fence. The fence would generate it again after the conversion.",
		Fix:        "Set policies: Cilium in spec of the FenceProfile instead.",
		Example:    "converted/refused",
	})
	PolicyNameTaken = define(Check{
		Name:       "policy-name-taken",
		Severities: []Severity{Error},
		Title:      "A CiliumNetworkPolicy has the name already",
		Meaning:    "The input files contain a CiliumNetworkPolicy with the name and namespace of the NetworkPolicy. The converted policy would replace it, so nothing is written.",
		Fix:        "Rename one of the two policies.",
		Example:    "converted/refused",
	})
	PolicyNotConvertible = define(Check{
		Name:       "policy-not-convertible",
		Severities: []Severity{Error},
		Title:      "A NetworkPolicy cannot be converted",
		Meaning:    "The resource is no NetworkPolicy of networking.k8s.io/v1, has unknown or duplicate fields or YAML anchors, or selects pods by a label that Cilium reserves. The conversion could change its effect, so nothing is written.",
		Fix:        "Correct the resource as the message shows. To select pods by namespace, use namespaceSelector.",
		Example:    "converted/refused",
	})
	RulesWithoutPolicyType = define(Check{
		Name:       "rules-without-policy-type",
		Severities: []Severity{Warning},
		Title:      "policyTypes omits a direction that has rules",
		Meaning:    "Kubernetes ignores the rules of this direction. Cilium enforces them and denies the traffic that they do not allow, and so does the converted policy.",
		Fix:        "Remove the rules of this direction, or add the direction to policyTypes if the rules are intended.",
		Example:    "converted/rules-without-policy-type",
	})
)
