package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tenantfence/tenantfence/internal/cache"
	"github.com/tenantfence/tenantfence/internal/proof"
)

const cacheFlag = "cache"

// cacheHelp is the help about the cache of the commands that have one.
const cacheHelp = `--cache keeps what was proved of each tenant in a folder, and proves a tenant again only if
something changed on which it depends. The folder is trusted: its files can state that
anything is proved. It may be deleted at any time.`

// addCacheFlag adds the flag that names a cache.
func addCacheFlag(cmd *cobra.Command) {
	cmd.Flags().String(cacheFlag, "", "a folder that keeps what is proved of each tenant; omitted: everything is proved")
	complete(cmd, cacheFlag, completeDirs)
}

// cacheOf opens the cache that the flag names. Nil: it is not set.
func cacheOf(cmd *cobra.Command) (proof.Cache, error) {
	dir, _ := cmd.Flags().GetString(cacheFlag) // An error reports a command without the flag.
	switch {
	case !cmd.Flags().Changed(cacheFlag):
		return nil, nil
	case dir == "":
		return nil, errors.New("--cache: the name is empty: write the name of a folder")
	case cmd.Flags().Changed(tenantFlag) || cmd.Flags().Changed(shardFlag):
		return nil, errors.New("--cache is for the whole fence: remove it, or --tenant and --shard")
	}
	out, err := cache.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("--cache: %w", err)
	}
	return out, nil
}
