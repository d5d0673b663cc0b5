package engine
import ("testing";"fmt";"encoding/json"
"github.com/tenantfence/tenantfence/internal/policy"
ciliumpolicy "github.com/cilium/cilium/pkg/policy"
)
func TestDbg(t *testing.T){
 p:=policy.Endpoint{Kind:policy.PodEndpoint,Name:"a",Namespace:"acme",Labels:map[string]string{"app":"web"}}
 e,err:=New(Options{},[]json.RawMessage{json.RawMessage(`{"apiVersion":"cilium.io/v2","kind":"CiliumNetworkPolicy","metadata":{"namespace":"acme","name":"p"},"spec":{"endpointSelector":{},"enableDefaultDeny":{"ingress":false},"ingress":[{"fromEndpoints":[{"matchLabels":{"app":"db"}}]}]}}`)},[]policy.Endpoint{p})
 if err!=nil{t.Fatal(err)}
 d,_:=e.policyOf(p)
 for k,v:=range d.verdicts.Entries(){ m,err:=d.verdicts.GetRuleMeta(k); fmt.Println(k,v.IsDeny(),m.LabelArray(),err)}
 fmt.Println(d.verdicts.SelectorPolicy.IngressPolicyEnabled)
 m,err:=d.verdicts.GetRuleMeta(ciliumpolicy.IngressKey()); fmt.Println(m.LabelArray(),err)
 fmt.Println(isolated(d,policy.Ingress))
}
