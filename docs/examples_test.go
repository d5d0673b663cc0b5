package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// maxLines is the length of an example's README without its picture: one screen.
const maxLines = 40

var (
	drawing      = regexp.MustCompile("(?s)<picture>.*?</picture>\n|```mermaid output\n.*?```\n")
	pictureFiles = regexp.MustCompile(`"[./]*(?:docs/)?pictures/(\S+)"`)
)

// TestExampleReadmes requires that each example has a README of one screen, with a picture and something to run.
func TestExampleReadmes(t *testing.T) {
	dirs, err := os.ReadDir(filepath.Join("..", examples))
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range dirs {
		if !dir.IsDir() || dir.Name() == "testdata" || dir.Name() == "ci" {
			continue
		}
		text := read(t, filepath.Join("..", examples, dir.Name(), "README.md"))
		pictures := drawing.FindAllString(text, -1)
		if len(pictures) != 1 {
			t.Errorf("%s: its README has %d pictures, want 1", dir.Name(), len(pictures))
		}
		if lines := strings.Count(drawing.ReplaceAllString(text, ""), "\n"); lines > maxLines {
			t.Errorf("%s: its README has %d lines besides the picture, at most %d: move what explains to docs", dir.Name(), lines, maxLines)
		}
		for _, section := range []string{"\n## What to run\n", "\n## What to look at\n"} {
			if !strings.Contains(text, section) {
				t.Errorf("%s: its README lacks the section %q", dir.Name(), strings.TrimSpace(section))
			}
		}
	}
}

// TestPicturesAreShown requires that pages show each picture in light and in dark, and no other file.
func TestPicturesAreShown(t *testing.T) {
	var shown []string
	for _, page := range pages(t) {
		for _, p := range drawing.FindAllString(read(t, page), -1) {
			files := pictureFiles.FindAllStringSubmatch(p, -1)
			if strings.HasPrefix(p, "```") {
				continue
			}
			if len(files) != 2 || strings.Replace(files[0][1], "-dark.", "-light.", 1) != files[1][1] {
				t.Errorf("%s: a picture is not one in dark and the same in light: %s", page, p)
				continue
			}
			shown = append(shown, files[0][1], files[1][1])
		}
	}
	var exist []string
	found, err := filepath.Glob(filepath.Join("pictures", "*-*.*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range found {
		exist = append(exist, filepath.Base(file))
	}
	slices.Sort(shown)
	if shown = slices.Compact(shown); !slices.Equal(shown, exist) {
		t.Errorf("pages show %v, and docs/pictures has %v", shown, exist)
	}
}
