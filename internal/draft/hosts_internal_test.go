package draft

import (
	"fmt"
	"strings"
	"testing"
)

// TestMentions lists texts with the hosts that they name.
func TestMentions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		kind textKind
		want string
	}{
		{"http://orders.shop.svc.cluster.local:8080/v1", valueText, "orders.shop.svc.cluster.local:8080"},
		{"https://api.example.com/v1", valueText, "api.example.com:443"},
		{"postgres://user:pa:ss@db.other:5432/x?sslmode=off", valueText, "db.other:5432"},
		{"postgresql://db.other/x", valueText, "db.other:5432"},
		{"jdbc:postgresql://db.other:5433/x", valueText, "db.other:5433"},
		{"mongodb://u:p@a.db:27017,b.db:27018/x", valueText, "a.db:27017 b.db:27018"},
		{"mongodb+srv://u:p@cluster.example.net/x", valueText, "cluster.example.net:27017 by SRV"},
		{"udp://logs.example.com:514", valueText, "logs.example.com:514/UDP"},
		{"syslog+udp://logs.example.com:514", valueText, "logs.example.com:514/UDP"},
		{"host=a.db,b.db port=5432 user=x", valueText, "a.db:5432 b.db:5432"},
		{"host=a.db,b.db port=5432,5433", secretText, "a.db:5432 b.db:5433"},
		{"jdbc:oracle:thin:@db.example.com:1522/x", valueText, "db.example.com:1522"},
		{"jdbc:oracle:thin:user/pass@//db.example.com/x", secretText, ""},
		{"amqp://$(USER):$(PASSWORD)@events.queues:5672/x", valueText, "events.queues:5672"},
		{"$(HOST):8125", valueText, "variable"},
		{"kafka-0.kafka.mq:9092,kafka-1.kafka.mq:9092", valueText, "kafka-0.kafka.mq:9092 kafka-1.kafka.mq:9092"},
		{"http://a.x:1,http://b.x:2", valueText, "a.x:1 b.x:2"},
		{"redis:6379", valueText, "redis:6379"},
		{"curl -X POST http://catalog.team:9000/export | tee x", valueText, "catalog.team:9000"},
		{"http://10.0.0.5:80", valueText, "10.0.0.5:80"},
		{"http://[2001:db8::1]:80/", valueText, "2001:db8::1:80"},
		{"http://$(HOST):8080", valueText, "variable"},
		{"http://{{ .host }}:8080", valueText, "variable"},
		{"12:30:15", valueText, ""},
		{"image:latest", valueText, ""},
		{"s3://bucket/path", valueText, ""},
		{"unix:///run/x.sock", valueText, ""},
		{"http://:8080", valueText, ""},
		{"http://a:99999/", valueText, ""},
		{"# see http://docs.example.com\nupstream http://orders.shop:80 # and http://other.example.com", fileText, "orders.shop:80"},
		{"server orders.shop:8080;\n// http://docs.example.com\n", fileText, "orders.shop:8080"},
		{"postgres://user:pa/ss@db.other:5432/x", secretText, ""},
		{"postgres://user.example.com:12/ss@db.other:5432/x", secretText, ""},
		{"postgres://user:pass@db.other:5432/x", secretText, "db.other:5432"},
		{"tokens://abc", secretText, ""},
		{"host=db.other user=x password=y port=5432", secretText, "db.other:5432"},
		{"user:p@ss@tcp(db.other:3306)/x", secretText, ""},
		{"user:pass@tcp(db.other:3306)/x", secretText, "db.other:3306"},
		{"host=db.other user=x password='y host=z.other'", secretText, ""},
		{"jdbc:sqlserver://db.other:1433;user=sa;password=Pass.word:4818", secretText, "db.other:1433"},
		{"jdbc:sqlserver://db.other:1433;user=sa;password=p@Pass.word:4818", secretText, ""},
		{"mongodb://user:pass@a.other:1,b.other:2/x", secretText, "a.other:1 b.other:2"},
		{"https://a.other/?u=a,https://b.other/x", secretText, "a.other:443"},
		{"postgres://user:pa;ss.word:4815@db.other:5432/x", secretText, ""},
		{"admin.other:9933", secretText, ""},
		{"redis://a.other:6379,password=x@ss.word:4818", secretText, ""},
		{"dns:///orders.shop.svc:9090", valueText, "orders.shop.svc:9090"},
		{"two words http://db.other:5432", secretText, ""},
	} {
		found, variable := mentionsIn(c.text, c.kind)
		var got []string
		for _, m := range found {
			if !m.serviceOnly {
				text := fmt.Sprintf("%s:%d", m.host, m.port)
				if m.protocol != "" {
					text += "/" + string(m.protocol)
				}
				if m.srv {
					text += " by SRV"
				}
				got = append(got, text)
			}
		}
		if variable {
			got = append(got, "variable")
		}
		if text := strings.Join(got, " "); text != c.want {
			t.Errorf("%q names %q, want %q", c.text, text, c.want)
		}
	}
}

// TestNamePattern chooses the pattern that most names fit, and never one with two Tenants of one name.
func TestNamePattern(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ namespaces, want string }{
		{"tenant-acme tenant-beta platform", "tenant-{name}: acme=tenant-acme beta=tenant-beta platform=platform"},
		{"acme-prod beta-prod gamma-prod", "{name}-prod: acme=acme-prod beta=beta-prod gamma=gamma-prod"},
		{"tenant-acme acme tenant-beta", "{name}: acme=acme tenant-acme=tenant-acme tenant-beta=tenant-beta"},
		{"a b-c d-e-f", "{name}: a=a b-c=b-c d-e-f=d-e-f"},
		{"default kube-apps x", "{name}: default=default kube-apps=kube-apps x=x"},
		{"shop", "{name}: shop=shop"},
	} {
		b := newBuild(nil, nil)
		b.namePattern(strings.Fields(c.namespaces))
		got := b.pattern + ":"
		for _, tenant := range b.tenants {
			got += " " + tenant.name + "=" + tenant.namespace
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.namespaces, got, c.want)
		}
	}
}
