package report

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"

	"github.com/tenantfence/tenantfence/internal/strict"
)

// Slice is the part of a fence that a run writes and decides. The zero value is the whole fence.
type Slice struct {
	// Tenants are the names of the tenants, sorted. Empty: the slice is a shard.
	Tenants []string
	// Shard is the number of the shard, from 1, and Shards the number of shards.
	Shard, Shards int
}

// TenantSlice is the slice of some tenants.
func TenantSlice(names ...string) Slice {
	return Slice{Tenants: slices.Compact(slices.Sorted(slices.Values(names)))}
}

// ParseShard reads a shard, "2/10".
func ParseShard(text string) (Slice, error) {
	number, count, found := strings.Cut(text, "/")
	shard, err := strconv.Atoi(number)
	shards, errCount := strconv.Atoi(count)
	if !found || err != nil || errCount != nil || shard < 1 || shard > shards {
		return Slice{}, fmt.Errorf("%q is not a shard: write the number of the shard and of all shards, such as 1/4 to 4/4", text)
	}
	return Slice{Shard: shard, Shards: shards}, nil
}

// IsWhole reports whether the slice is the whole fence.
func (s Slice) IsWhole() bool { return len(s.Tenants) == 0 && s.Shards == 0 }

// Includes reports whether the slice has what belongs to a tenant. What belongs to no tenant, "", is in
// the first shard.
func (s Slice) Includes(tenant string) bool {
	switch {
	case s.IsWhole():
		return true
	case s.Shards == 0:
		_, found := slices.BinarySearch(s.Tenants, tenant)
		return found
	case tenant == "":
		return s.Shard == 1
	}
	return shardOf(tenant, s.Shards) == s.Shard
}

// shardOf returns the shard of a tenant. It depends on the name alone, so that other tenants do not move it.
func shardOf(tenant string, shards int) int {
	h := fnv.New64a()
	_, _ = h.Write([]byte(tenant))
	return int(h.Sum64()%uint64(shards)) + 1 //nolint:gosec // Both are less than the number of shards.
}

// CheckTenants refuses a tenant that does not exist. known are the names of all tenants.
func (s Slice) CheckTenants(known []string) error {
	sorted := slices.Sorted(slices.Values(known))
	for _, name := range s.Tenants {
		if !slices.Contains(sorted, name) {
			return fmt.Errorf("the fence has no Tenant %q: %s", name, strict.DidYouMean(name, sorted))
		}
	}
	return nil
}

// String is "tenant acme only", "tenants acme, beta only" or "shard 2/10 only". It is empty for a whole fence.
func (s Slice) String() string {
	switch {
	case s.IsWhole():
		return ""
	case s.Shards > 0:
		return "shard " + s.ShardName() + " only"
	case len(s.Tenants) == 1:
		return "tenant " + s.Tenants[0] + " only"
	}
	return "tenants " + strings.Join(s.Tenants, ", ") + " only"
}

// ShardName is "2/10", or empty if the slice is no shard.
func (s Slice) ShardName() string {
	if s.Shards == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d", s.Shard, s.Shards)
}
