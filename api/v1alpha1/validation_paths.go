package v1alpha1

import (
	"path"
	"strings"

	"github.com/tenantfence/tenantfence/internal/strict"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

func validateAllowedPaths(allowed []AllowedPath, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, a := range allowed {
		at := at.Index(i)
		errs = append(errs, validateItems(a.Names, at.Child("names"), validateGlob)...)
		errs = append(errs, validateItems(a.Paths, at.Child("paths"), validatePathPattern)...)
	}
	return errs
}

// validatePathPattern validates a path of a file, or a pattern of paths, relative to the folder
// that is read. A pattern that matches no file is an error.
func validatePathPattern(pattern string, at *field.Path) field.ErrorList {
	var detail string
	switch {
	case pattern == "":
		detail = strict.EmptyValue
	case strings.HasPrefix(pattern, "/"):
		detail = "is absolute: write it relative to the folder that is built, as in tenants/gold/*"
	case pattern == ".":
		detail = "is a folder: for every file in it, write **"
	case strings.HasSuffix(pattern, "/"):
		detail = "is a folder: for every file in it, write " + strings.TrimRight(pattern, "/") + "/**"
	case hasParent(pattern):
		detail = "contains .., and a file outside the folder that is built matches no pattern: build the parent folder, and write the path from there"
	case path.Clean(pattern) != pattern:
		detail = "must be written as " + path.Clean(pattern)
	case strings.ContainsAny(pattern, `\?[]{}`):
		detail = `contains one of \?[]{}, but only * and ** are supported: write the names, or use *`
	case hasPartialDoubleStar(pattern):
		detail = "contains ** in a segment with other characters: write ** as a whole segment, as in tenants/**/gold.yaml, or *"
	default:
		return nil
	}
	return field.ErrorList{field.Invalid(at, pattern, detail)}
}

func hasParent(pattern string) bool {
	for segment := range strings.SplitSeq(pattern, "/") {
		if segment == ".." {
			return true
		}
	}
	return false
}

func hasPartialDoubleStar(pattern string) bool {
	for segment := range strings.SplitSeq(pattern, "/") {
		if strings.Contains(segment, "**") && segment != "**" {
			return true
		}
	}
	return false
}
