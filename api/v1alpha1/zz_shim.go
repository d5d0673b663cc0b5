package v1alpha1
import ("encoding/json";"k8s.io/apimachinery/pkg/util/validation/field";"sigs.k8s.io/kustomize/kyaml/yaml";metav1 "k8s.io/apimachinery/pkg/apis/meta/v1")
func Decode[T any](n *yaml.RNode) (*T, field.ErrorList) {
 d,err:=n.MarshalJSON(); if err!=nil {return nil, field.ErrorList{field.InternalError(nil,err)}}
 out:=new(T); if err:=json.Unmarshal(d,out);err!=nil {return nil, field.ErrorList{field.InternalError(nil,err)}}
 switch v:=any(out).(type){
 case *FenceProfile: s:=&v.Spec; if s.Enforcement=="" {s.Enforcement=Audit}; if s.Tenants.NamespacePattern=="" {s.Tenants.NamespacePattern="tenant-{name}"}
  if s.Baseline.DNS.Namespace=="" {s.Baseline.DNS.Namespace="kube-system"}; if s.Baseline.DNS.Port==0 {s.Baseline.DNS.Port=53}; if s.Baseline.DNS.Pods==nil {s.Baseline.DNS.Pods=&metav1.LabelSelector{MatchLabels:map[string]string{"k8s-app":"kube-dns"}}}; if s.Baseline.DNS.Names==nil {s.Baseline.DNS.Names=[]string{"*"}}
 case *TenantFence: if v.Spec.Stages==nil {v.Spec.Stages=[]Stage{StageBaseline,StageAllow,StageDefaultDeny}}
 case *Tenant: for i:=range v.Spec.AgentIngress {if v.Spec.AgentIngress[i].SourceIP=="" && v.Spec.AgentIngress[i].Mode==LoadBalancer {v.Spec.AgentIngress[i].SourceIP=SourceClient}}
 }
 return out,nil }
