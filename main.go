// Command tenantfence fences the tenants of a Kubernetes cluster: it is a KRM
// function, and a program for the people who write its inputs.
package main

import (
	"os"

	"github.com/tenantfence/tenantfence/internal/cli"
)

func main() {
	os.Exit(cli.Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
