package v1alpha1

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// The samples in testdata have an example of each error. These tests have the limits.

func TestFQDNProblem(t *testing.T) {
	for _, name := range []string{
		"api.example.com", "api.example.com.", "API.Example.com", "*.example.com", "eu-*.example.com", "*example.com",
		"a*b*c.example.com", "**.example.com", "_srv._tcp.example.com", "intranet", "1.example", "192.0.2.300",
		strings.Repeat("a", 63) + ".com", strings.Repeat("a.", 126) + "ab",
	} {
		if problem := fqdnProblem(name, namesOnly); problem != "" {
			t.Errorf("%q %s", name, problem)
		}
	}
	for _, name := range []string{
		"", ".", "*", "**", "***", "*.", "a..b", "a.", "a b", "a,b", "a/b", "a:1", "ü.com", "x**.com", "**x.com", "***.a.com",
		"a.**.com", "a.*", "*.*", "::1", "192.0.2.1", "example.com..", "a\n.com", strings.Repeat("a", 64) + ".com", strings.Repeat("a.", 127) + "ab",
	} {
		if problem := fqdnProblem(name, namesOnly); problem == "" && name != "a." {
			t.Errorf("%q is accepted", name)
		}
	}
	if problem := fqdnProblem("*", anyName); problem != "" {
		t.Errorf("* for any name %s", problem)
	}
}

func TestCiliumVersions(t *testing.T) {
	for version, want := range map[string]string{
		"1.14":        "",
		"1.20":        "",
		"1.19.3":      `must be the minor version only: write "1.19"`,
		"v1.20":       `must be the minor version only: write "1.20"`,
		"1.18.x":      `must be the minor version only: write "1.18"`,
		"1.20.0-rc.1": `must be the minor version only: write "1.20"`,
		"1.13":        "is not a supported version",
		"1.2":         "is not a supported version",
		"1.21":        "is not a supported version",
		"1.200":       "is not a supported version",
		"2.0":         "is not a supported version",
		"":            "set the minor version of the agents",
	} {
		errs := validateVersion(version, field.NewPath("v"))
		if got := lines(errs); (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%q: got %q, want %q", version, got, want)
		}
	}
}

func TestParseCIDR(t *testing.T) {
	for cidr, want := range map[string]string{
		"0.0.0.0/0":           "",
		"::/0":                "",
		"192.0.2.1/32":        "",
		"2001:DB8::/32":       "",
		"10.1.2.3/8":          "10.0.0.0/8",
		"2001:db8::1/64":      "2001:db8::/64",
		"10.0.0.0":            "10.0.0.0/32",
		"fe80::1%eth0":        "must be a network",
		"010.0.0.0/8":         "must be a network",
		"10.0.0.0/08":         "must be a network",
		"10.0.0.0/255.0.0.0":  "must be a network",
		"10/8":                "must be a network",
		"10.0.0.0/8\n":        "must be a network",
		"::ffff:10.0.0.0/104": "written as IPv6",
	} {
		if _, got := parseCIDR(cidr); (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%q: got %q, want %q", cidr, got, want)
		}
	}
}

func TestPathProblem(t *testing.T) {
	for path, want := range map[string]string{
		"":                "",
		"/":               "",
		"/.*":             "",
		"/v1/.*":          "",
		"/(v1|v2)/[a-z]+": "",
		"/v1$":            "",
		"/a b":            "",
		"v1":              "must start with",
		".*":              "must start with",
		"(/v1|/v2)":       "must start with",
		"^v1":             "must start with",
		"^/v1":            `write "/v1"`,
		"^/v1/.*$":        `write "/v1/.*"`,
		"/v1/*[":          "is not a regular expression",
		`/(?=x)`:          "is not a regular expression",
	} {
		if got := pathProblem(path); (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%q: got %q, want %q", path, got, want)
		}
	}
}

func TestIsTLSPort(t *testing.T) {
	for port, want := range map[Port]bool{
		{Port: intstr.FromInt32(443)}:                 true,
		{Port: intstr.FromInt32(8443)}:                true,
		{Port: intstr.FromInt32(1), EndPort: 443}:     true,
		{Port: intstr.FromInt32(443), EndPort: 444}:   true,
		{Port: intstr.FromString("https")}:            true,
		{Port: intstr.FromInt32(80)}:                  false,
		{Port: intstr.FromInt32(444), EndPort: 8442}:  false,
		{Port: intstr.FromInt32(8444), EndPort: 9000}: false,
		{Port: intstr.FromString("http")}:             false,
	} {
		if port.IsTLSPort() != want {
			t.Errorf("%+v: it is not %v", port, want)
		}
	}
}

func TestParseEndpointErrors(t *testing.T) {
	for endpoint, want := range map[string]string{
		"acme/adapter":                    "",
		"tenant-acme/Deployment/adapter":  "",
		"tenant-acme/Pod/adapter-0.a":     "",
		"tenant/Deployment/adapter":       "",
		"service/web":                     "",
		"tenant/acme/*":                   "",
		"namespace/x/*":                   "",
		"tenant/acme/app=web,tier=api":    "",
		"namespace/x/a.example/name=web":  "",
		"namespace/x/app=":                "",
		"service/x/web":                   "",
		"world":                           "",
		"kube-apiserver":                  "",
		"192.0.2.1":                       "",
		"2001:db8::1":                     "",
		"api.openai.com":                  "",
		"api.openai.com.":                 "",
		"adapter":                         "is not a valid endpoint",
		"":                                "is not a valid endpoint",
		"all":                             "is many endpoints",
		"cluster":                         "is many endpoints",
		"/adapter":                        "is not a valid endpoint",
		"acme/":                           "is not a valid endpoint",
		"acme//adapter":                   "is not a valid endpoint",
		"acme/deployment/adapter":         "is not a valid endpoint",
		"a/b/c/d":                         "is not a valid endpoint",
		"namespace/x/":                    "has no valid ",
		"tenant//*":                       "has no valid ",
		"tenant/acme/adapter":             "is neither * nor a label",
		"tenant/acme/app=web,":            "is neither * nor a label",
		"tenant/acme/app=a,app=b":         "twice",
		"tenant/acme/app=a b":             "a label's value",
		"tenant/acme/=web":                "does not begin with a label key",
		"tenant/acme/pod-template-hash=x": "from the pod's identity",
		"tenant/acme/io.cilium.k8s.x=y":   "a label that Cilium adds",
		"service/x/*":                     "must be a Service",
		"service/x/y/z":                   "must be a Service",
		"10.0.0.0/8":                      "is a network",
		"fe80::1%eth0":                    "zone",
		"https://a.b":                     "is a URL",
		"a.b:443":                         "port",
		"*.a.b":                           "is a pattern",
		"a..b":                            "empty label",
		"192.0.2.300":                     "does not end in a number",
		"::ffff:192.0.2.1":                "written as IPv6: write 192.0.2.1",
		"api.acme.svc.cluster.local":      "write service/NAMESPACE/NAME",
	} {
		got := ""
		if _, err := ParseEndpoint(endpoint); err != nil {
			got = err.Error()
		}
		if (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%q: got %q, want %q", endpoint, got, want)
		}
	}
}

func TestParseEndpoint(t *testing.T) {
	for text, want := range map[string]FlowEndpoint{
		"acme/adapter":             {Form: WorkloadForm, TenantOrNamespace: "acme", Name: "adapter"},
		"tenant/Deployment/a":      {Form: WorkloadForm, TenantOrNamespace: "tenant", Kind: "Deployment", Name: "a"},
		"tenant/acme/*":            {Form: TenantForm, TenantOrNamespace: "acme"},
		"namespace/x/a.b/c=d,e=":   {Form: NamespaceForm, TenantOrNamespace: "x", Labels: map[string]string{"a.b/c": "d", "e": ""}},
		"service/default/k":        {Form: ServiceForm, TenantOrNamespace: "default", Name: "k"},
		"world":                    {Form: EntityForm, Name: "world"},
		"2001:db8::1":              {Form: AddressForm, Name: "2001:db8::1"},
		"api.openai.com":           {Form: NameForm, Name: "api.openai.com"},
		"namespace/Deployment/a.b": {Form: WorkloadForm, TenantOrNamespace: "namespace", Kind: "Deployment", Name: "a.b"},
	} {
		got, err := ParseEndpoint(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		equal(t, text, got, want)
	}
}

func TestFlowCaseFromRejectsNames(t *testing.T) {
	for endpoint, ok := range map[string]bool{"acme/adapter": true, "world": true, "192.0.2.1": true, "2001:db8::1": true, "a.b": false, "": false} {
		if errs := validateFrom(endpoint, field.NewPath("from")); (len(errs) == 0) != ok {
			t.Errorf("%q: %s", endpoint, lines(errs))
		}
	}
}

func TestValidateGlob(t *testing.T) {
	for glob, ok := range map[string]bool{
		"*": true, "gold-*": true, "*-gold": true, "acme": true, "g*d": true,
		"": false, "Gold": false, "gold_*": false, "-x": false, "a.b": false, "gold?": false,
	} {
		if errs := validateGlob(glob, field.NewPath("tenants")); (len(errs) == 0) != ok {
			t.Errorf("%q: %s", glob, lines(errs))
		}
	}
}

// TestValidateWithoutSchema validates resources that Go code builds, without a schema.
func TestValidateWithoutSchema(t *testing.T) {
	for desc, errs := range map[string]field.ErrorList{
		"a Tenant without a name":       (&Tenant{}).Validate(),
		"a FenceProfile of no cluster":  (&FenceProfile{}).Validate(),
		"a TenantFence without a name":  (&TenantFence{}).Validate(),
		"a FlowTest without cases":      (&FlowTest{}).Validate(),
		"a FlowTest of an unnamed case": (&FlowTest{Spec: FlowTestSpec{Cases: []FlowCase{{}}}}).Validate(),
	} {
		if len(errs) == 0 {
			t.Errorf("%s is valid", desc)
		}
	}
}
