package cli

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/report"
)

// The flags that select a slice.
const (
	tenantFlag = "tenant"
	shardFlag  = "shard"
)

// sliceHelp is the help about slices of the commands that have one.
const sliceHelp = `--tenant and --shard select a slice: some tenants, or the shard i of n, by a hash of their
names. All Tenants are read and resolved, and only the slice is %s. What belongs to
no tenant, such as cluster-wide policies, is in the first shard.`

// addSliceFlags adds the flags that select a slice.
func addSliceFlags(f *pflag.FlagSet) {
	f.StringArray(tenantFlag, nil, "only what belongs to this tenant; may be repeated")
	f.String(shardFlag, "", "only the tenants of this shard, as i/n: 2/10 is the second of ten")
}

// completeSliceFlags completes nothing, because the names of tenants are not known before a build.
func completeSliceFlags(cmd *cobra.Command) {
	complete(cmd, tenantFlag, cobra.NoFileCompletions)
	complete(cmd, shardFlag, cobra.NoFileCompletions)
}

// sliceOf returns the slice that the flags select. Without them it is the whole fence.
func sliceOf(cmd *cobra.Command) (report.Slice, error) {
	// An error reports a command without the flag.
	tenants, _ := cmd.Flags().GetStringArray(tenantFlag)
	shard, _ := cmd.Flags().GetString(shardFlag)
	byTenant, byShard := cmd.Flags().Changed(tenantFlag), cmd.Flags().Changed(shardFlag)
	switch {
	case byTenant && byShard:
		return report.Slice{}, errors.New("--tenant and --shard exclude each other: use one of them")
	case byShard:
		slice, err := report.ParseShard(shard)
		if err != nil {
			return slice, fmt.Errorf("--shard: %w", err)
		}
		return slice, nil
	case byTenant && (len(tenants) == 0 || slices.Contains(tenants, "")):
		// An empty variable of a script must not select the whole fence.
		return report.Slice{}, errors.New("--tenant: the name is empty: write the name of a Tenant")
	}
	return report.TenantSlice(tenants...), nil
}

// sliceArguments are the flags with which another process of this program gets the slice.
func sliceArguments(s report.Slice) []string {
	var out []string
	for _, name := range s.Tenants {
		out = append(out, "--"+tenantFlag+"="+name)
	}
	if shard := s.ShardName(); shard != "" {
		out = append(out, "--"+shardFlag+"="+shard)
	}
	return out
}

// documentSeparator separates the documents that kustomize writes. A line of a document never begins with it.
const documentSeparator = "---\n"

// cutSlice removes the documents of a build that are not in its slice. The others keep their bytes.
func (b *buildResult) cutSlice() error {
	if b.slice.IsWhole() {
		return nil
	}
	if err := b.slice.CheckTenants(b.owned.Tenants); err != nil {
		return err
	}
	var kept [][]byte
	for _, document := range splitDocuments(b.data) {
		n, err := yaml.Parse(string(document))
		if err != nil {
			return fmt.Errorf("read the build: %w", err)
		}
		if b.slice.Includes(b.owned.TenantOf(n)) {
			kept = append(kept, document)
		}
	}
	b.data = bytes.Join(kept, []byte(documentSeparator))
	return nil
}

// splitDocuments returns the documents of a build as they are.
func splitDocuments(data []byte) [][]byte {
	var out [][]byte
	start := 0
	for at := 0; at < len(data); {
		end := at + bytes.IndexByte(data[at:], '\n') + 1
		if end == at {
			end = len(data)
		}
		if string(data[at:end]) == documentSeparator {
			out = append(out, data[start:at])
			start = end
		}
		at = end
	}
	if start < len(data) {
		out = append(out, data[start:])
	}
	return out
}
