package document

// Build is the output of tenantfence build -o json.
type Build struct {
	// Passed reports whether the build succeeded. If not, nothing is built: policies and changes are
	// empty, and findings have the errors.
	Passed bool `json:"passed"`
	// Slice is the part of the fence that is built. Omitted: the whole fence.
	Slice *Slice `json:"slice,omitempty"`
	// Agents is what each agent of Cilium must hold. Omitted: nothing is proved, or another enforcer decides.
	Agents *Agents `json:"agents,omitempty"`
	// Policies are the generated policies of the build, sorted by tenant, stage, namespace and name.
	Policies []Policy `json:"policies"`
	// Changes are the policies that the build creates, configures or deletes, compared with its inputs.
	Changes []Change `json:"changes"`
	// ChangeCounts also counts the unchanged policies.
	ChangeCounts  ChangeCounts  `json:"changeCounts"`
	Findings      []Finding     `json:"findings"`
	FindingCounts FindingCounts `json:"findingCounts"`
}

// Agents is what each agent of Cilium must hold for a build, with every tenant in Enforce. It is a lower bound:
// each DNS name counts as one address, and only pods of the build count.
type Agents struct {
	// Namespaced are the policies in namespaces, hand-written ones included.
	Namespaced PolicyLoad `json:"namespaced"`
	// Clusterwide are the cluster-wide policies.
	Clusterwide PolicyLoad `json:"clusterwide"`
	// Identities is the number of pod identities.
	Identities int `json:"identities"`
	// DNSNames is the number of DNS names in policies.
	DNSNames int `json:"dnsNames"`
	// PolicyMap is the largest policy map. With a slice, it is that of the decided pods and nodes.
	PolicyMap PolicyMap `json:"policyMap"`
}

// PolicyLoad counts policies, and their bytes as JSON.
type PolicyLoad struct {
	Objects int `json:"objects"`
	Bytes   int `json:"bytes"`
}

// PolicyMap is the use of the policy map of a pod or node.
type PolicyMap struct {
	Endpoint string `json:"endpoint"`
	Entries  int    `json:"entries"`
	// Limit is bpf-policy-map-max.
	Limit int `json:"limit"`
}

// Policy is a generated policy.
type Policy struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// Namespace is omitted for a cluster-wide policy.
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
	// Fence is the TenantFence that generates the policy.
	Fence string `json:"fence"`
	// Tenant is the Tenant that the policy belongs to. Omitted: the policy is cluster-wide.
	Tenant string `json:"tenant,omitempty"`
	// Stage is the stage of the rollout.
	// +enum=Baseline;Allow;DefaultDeny
	Stage string `json:"stage"`
	// Family is the purpose of the policy, such as fqdn-egress.
	Family string `json:"family"`
	// DeclaredBy are the fields that declare the policy, such as "Tenant/acme spec.egress[llm]".
	DeclaredBy []string `json:"declaredBy"`
	// Rules are the flows that the policy allows.
	Rules []Rule `json:"rules"`
}

// Rule is what a policy allows in one direction.
type Rule struct {
	// Direction is the direction, seen from the pods that the policy selects.
	// +enum=egress;ingress
	Direction string `json:"direction"`
	// Subject describes the pods or nodes that the policy selects.
	Subject string `json:"subject"`
	// Peers describe the other side. An empty list allows nothing.
	Peers []string `json:"peers"`
	// Ports are the destination ports, such as "443/TCP". An empty list is every port.
	Ports []string `json:"ports"`
	// L7 are the requests, DNS names or TLS server names that the rule is restricted to. An empty list
	// restricts nothing.
	L7 []string `json:"l7"`
}

// Render is the output of tenantfence render -o json.
type Render struct {
	// Passed reports whether the folder is as rendered. If findings refuse the build, it is false and
	// nothing is written. With --check it is also false if the folder would change.
	Passed bool `json:"passed"`
	// Slice is the part of the fence that is rendered. Omitted: the whole fence.
	Slice *Slice `json:"slice,omitempty"`
	// OutputDir is the folder.
	OutputDir string `json:"outputDir"`
	// Check reports that nothing is written (--check).
	Check bool `json:"check"`
	// Changes are the files that are created, configured or deleted.
	Changes []Change `json:"changes"`
	// ChangeCounts also counts the unchanged files.
	ChangeCounts ChangeCounts `json:"changeCounts"`
	// Needs are fields that Namespaces, Services and patched policies need, and that are not rendered.
	Needs         []string      `json:"needs"`
	Findings      []Finding     `json:"findings"`
	FindingCounts FindingCounts `json:"findingCounts"`
}

// Convert is the output of tenantfence convert -o json.
type Convert struct {
	// Passed reports whether every NetworkPolicy is converted. If not, files is empty and nothing is
	// written.
	Passed bool `json:"passed"`
	// Written reports that the files are written in place (--write).
	Written bool `json:"written"`
	// Files are the converted files. With --write the list is empty.
	Files []File `json:"files"`
	// Changes are the converted policies.
	Changes []Change `json:"changes"`
	// Compared counts what the proof compared.
	Compared      Compared      `json:"compared"`
	Findings      []Finding     `json:"findings"`
	FindingCounts FindingCounts `json:"findingCounts"`
}

// File is a file with its converted content.
type File struct {
	// Name is the name of the file. Omitted: standard input.
	Name string `json:"name,omitempty"`
	// Content is the text of the file.
	Content string `json:"content"`
}

// Compared counts what the proof of a conversion compared.
type Compared struct {
	Pods     int `json:"pods"`
	Peers    int `json:"peers"`
	Openings int `json:"openings"`
}

// Version is the output of tenantfence version -o json.
type Version struct {
	// Version is the version of the module. A build of a working tree has a pseudo-version or "(devel)".
	Version string `json:"version"`
	// Commit is the commit of the source. Omitted: it is unknown.
	Commit string `json:"commit,omitempty"`
	// Modified reports that the source differed from the commit.
	Modified bool `json:"modified,omitempty"`
	// Go is the version of Go that built the program.
	Go string `json:"go"`
	// Cilium is the version of the policy engine.
	Cilium string `json:"cilium"`
	// Kustomize is the version of the library that builds kustomizations.
	Kustomize string `json:"kustomize"`
	// Kubernetes is the version of the Kubernetes API library.
	Kubernetes string `json:"kubernetes"`
}
