package plan

import "github.com/tenantfence/tenantfence/internal/policy"

// eastWest plans a flow between pods, or to and from an entity or network.
func eastWest(f *policy.Fence, g policy.Grant) []sideRule { return sides(f, g) }
