package resource

// MultiClusterGroup is the API group of Services that clusters share.
const MultiClusterGroup = "multicluster.x-k8s.io"

var meshKinds = []kindCoverage{
	{group: "security.istio.io", Coverage: notDecided("makes Istio's proxies allow or deny connections")},
	{group: "networking.istio.io", names: "VirtualService ServiceEntry WorkloadEntry EnvoyFilter Sidecar", Coverage: notDecided("makes Istio's proxies redirect or deny connections")},
	{group: "networking.istio.io", names: "DestinationRule", Coverage: noEffect("distributes connections among the pods of one Service")},
	{group: "networking.istio.io", names: "Gateway", Coverage: noEffect("traffic that a gateway admits passes the policies of the gateway's pods and of the destination pods")},
	{group: "networking.istio.io", names: "WorkloadGroup ProxyConfig", Coverage: noEffect("configures proxies, and redirects nothing")},
	{group: "networking.istio.io", Coverage: notDecided("is a kind of Istio networking that tenantfence does not know")},
	{group: "extensions.istio.io", Coverage: notDecided("makes Istio's proxies run code that may deny connections")},
	{group: "telemetry.istio.io", Coverage: noEffect("configures what proxies report")},

	{group: "policy.linkerd.io", Coverage: notDecided("makes Linkerd's proxies allow, deny or redirect connections")},
	{group: "linkerd.io", names: "ServiceProfile", Coverage: notDecided("makes Linkerd's proxies redirect connections"), where: hasField("spec", "dstOverrides")},
	{group: "linkerd.io", names: "ServiceProfile", Coverage: noEffect("configures retries and metrics")},
	{group: "workload.linkerd.io", Coverage: notDecided("adds workloads outside the cluster to the mesh")},
	{group: "multicluster.linkerd.io", Coverage: notDecided("mirrors Services of other clusters")},
	{group: "split.smi-spec.io", Coverage: notDecided("redirects connections to other Services")},
	{group: "access.smi-spec.io", Coverage: notDecided("allows or denies connections in a mesh")},
	{group: "specs.smi-spec.io", Coverage: noEffect("describes traffic for TrafficTargets, which decide")},

	{group: MultiClusterGroup, Coverage: noEffect("shares Services between clusters, whose policies decide")},
	{group: "kuma.io", names: "TrafficPermission MeshTrafficPermission", Coverage: notDecided("makes Kuma's proxies allow or deny connections")},
	{group: "kuma.io", names: "TrafficRoute MeshTCPRoute MeshHTTPRoute ExternalService MeshExternalService MeshPassthrough ProxyTemplate MeshProxyPatch MeshFaultInjection FaultInjection", Coverage: notDecided("makes Kuma's proxies redirect or deny connections")},
	{group: "consul.hashicorp.com", names: "ServiceIntentions", Coverage: notDecided("makes Consul's proxies allow or deny connections")},
	{group: "consul.hashicorp.com", names: "ServiceRouter ServiceResolver ServiceSplitter", Coverage: notDecided("makes Consul's proxies redirect connections")},
}

// toolKinds are common kinds of other tools that neither create pods nor affect traffic.
var toolKinds = []kindCoverage{
	{group: "monitoring.coreos.com", names: "ServiceMonitor PodMonitor PrometheusRule Probe ScrapeConfig AlertmanagerConfig", Coverage: noEffect("configures scraping, and policies apply to the connections")},
	{group: "cert-manager.io", names: "ClusterIssuer", Coverage: clusterwide(harmless)},
	{group: "cert-manager.io", names: "Certificate CertificateRequest Issuer", Coverage: harmless},
	{group: "external-secrets.io", names: "ClusterSecretStore ClusterExternalSecret", Coverage: clusterwide(harmless)},
	{group: "external-secrets.io", names: "ExternalSecret SecretStore PushSecret", Coverage: harmless},
	{group: "bitnami.com", names: "SealedSecret", Coverage: harmless},
	{group: "source.toolkit.fluxcd.io", Coverage: harmless},
	{group: "notification.toolkit.fluxcd.io", Coverage: harmless},
	{group: "image.toolkit.fluxcd.io", Coverage: harmless},
	{group: "keda.sh", names: "ScaledObject TriggerAuthentication", Coverage: noEffect("scales pods that exist")},
	{group: "keda.sh", names: "ClusterTriggerAuthentication", Coverage: clusterwide(harmless)},
	{group: "kustomize.config.k8s.io", Coverage: harmless},
	{group: "kpt.dev", Coverage: harmless},
}
