package cli_test

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// chromium is a page in a headless Chromium, driven by its DevTools protocol over a pipe.
type chromium struct {
	t       *testing.T
	in      io.Writer
	out     *bufio.Reader
	session string
	id      int
	// requests are the addresses that the page requested, and problems its errors and refused content.
	requests, problems []string
}

// findChromium returns the path of a browser. Empty: none is installed.
func findChromium() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// openPage writes a page to a file and opens it. It skips the test if no browser is installed.
func openPage(t *testing.T, html string, width, height int) *chromium {
	t.Helper()
	binary := findChromium()
	if binary == "" {
		t.Skip("skipped: chromium is not on PATH, so the page is not tested in a browser")
	}
	file := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(file, []byte(html), 0o600); err != nil {
		t.Fatal(err)
	}
	toBrowser, in := pipe(t)
	out, fromBrowser := pipe(t)
	profile, err := os.MkdirTemp("", "tenantfence-chromium")
	if err != nil {
		t.Fatal(err)
	}
	// The page is this program's own, and a container may allow no sandbox.
	cmd := exec.CommandContext(t.Context(), binary, "--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars", "--user-data-dir="+profile, "about:blank")
	cmd.ExtraFiles = []*os.File{toBrowser, fromBrowser}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	b := &chromium{t: t, in: in, out: bufio.NewReaderSize(out, 1<<20)}
	stop := time.AfterFunc(3*time.Minute, func() { _ = cmd.Process.Kill() })
	t.Cleanup(func() {
		stop.Stop()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		removeProfile(t, profile)
	})
	_, _ = toBrowser.Close(), fromBrowser.Close()
	var target struct{ TargetID string }
	b.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	b.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	b.session = attached.SessionID
	for _, domain := range []string{"Runtime", "Log", "Network", "Page"} {
		b.call(domain+".enable", nil, nil)
	}
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false}, nil)
	b.media("light")
	b.call("Page.navigate", map[string]any{"url": "file://" + file}, nil)
	for range 200 {
		if b.eval("document.readyState") == "complete" && b.eval("document.title") != "" {
			return b
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("the page is not complete")
	return nil
}

// removeProfile removes the browser's folder. Its other processes end, and write, a moment after the first.
func removeProfile(t *testing.T, dir string) {
	t.Helper()
	for range 100 {
		if os.RemoveAll(dir) == nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Logf("the browser's folder %s is not removed", dir)
}

func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = r.Close(), w.Close() })
	return r, w
}

// call calls a method and decodes its result. It notes the events on the way.
func (b *chromium) call(method string, params, result any) {
	b.t.Helper()
	b.id++
	message, err := json.Marshal(struct {
		ID      int    `json:"id"`
		Session string `json:"sessionId,omitempty"`
		Method  string `json:"method"`
		Params  any    `json:"params,omitempty"`
	}{b.id, b.session, method, params})
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.in.Write(append(message, 0)); err != nil {
		b.t.Fatalf("%s: %v", method, err)
	}
	for {
		line, err := b.out.ReadBytes(0)
		if err != nil {
			b.t.Fatalf("%s: %v", method, err)
		}
		var answer struct {
			ID             int
			Method         string
			Params, Result json.RawMessage
			Error          *struct{ Message string }
		}
		if err := json.Unmarshal(line[:len(line)-1], &answer); err != nil {
			b.t.Fatal(err)
		}
		if answer.ID == 0 {
			b.event(answer.Method, answer.Params)
			continue
		}
		if answer.Error != nil {
			b.t.Fatalf("%s: %s", method, answer.Error.Message)
		}
		if result != nil {
			if err := json.Unmarshal(answer.Result, result); err != nil {
				b.t.Fatal(err)
			}
		}
		return
	}
}

func (b *chromium) event(method string, params json.RawMessage) {
	switch method {
	case "Network.requestWillBeSent":
		var sent struct{ Request struct{ URL string } }
		_ = json.Unmarshal(params, &sent)
		b.requests = append(b.requests, sent.Request.URL)
	case "Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled", "Page.javascriptDialogOpening":
		b.problems = append(b.problems, method+": "+string(params))
	}
}

// eval returns the value of an expression in the page.
func (b *chromium) eval(expression string) any {
	b.t.Helper()
	var out struct {
		Result           struct{ Value any }
		ExceptionDetails *struct{ Exception struct{ Description string } }
	}
	b.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true}, &out)
	if out.ExceptionDetails != nil {
		b.t.Fatalf("%s: %s", expression, out.ExceptionDetails.Exception.Description)
	}
	return out.Result.Value
}

// text returns the text of an element.
func (b *chromium) text(selector string) string {
	b.t.Helper()
	text, _ := b.eval(`document.querySelector(` + quoted(selector) + `)?.textContent ?? "no element"`).(string)
	return text
}

// number returns the number of elements.
func (b *chromium) number(selector string) int {
	b.t.Helper()
	n, _ := b.eval(`document.querySelectorAll(` + quoted(selector) + `).length`).(float64)
	return int(n)
}

// press presses keys, each by its name.
func (b *chromium) press(keys ...string) {
	b.t.Helper()
	for _, key := range keys {
		params := map[string]any{"type": "keyDown", "key": key}
		if codes := map[string]int{"Tab": 9, "Enter": 13, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}; codes[key] > 0 {
			params["windowsVirtualKeyCode"], params["code"] = codes[key], key
		}
		if key == "Enter" {
			params["text"] = "\r"
		}
		b.call("Input.dispatchKeyEvent", params, nil)
		params["type"] = "keyUp"
		b.call("Input.dispatchKeyEvent", params, nil)
	}
}

// write types a text.
func (b *chromium) write(text string) {
	b.t.Helper()
	b.call("Input.insertText", map[string]any{"text": text}, nil)
}

// focus moves the focus to an element.
func (b *chromium) focus(selector string) {
	b.t.Helper()
	b.eval(`document.querySelector(` + quoted(selector) + `).focus()`)
}

// media sets the color scheme of the system.
func (b *chromium) media(scheme string) {
	b.t.Helper()
	b.call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
	b.settle()
}

// settle waits until the page has drawn two frames.
func (b *chromium) settle() {
	b.t.Helper()
	b.eval("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
}

// picture returns a WebP image of an element or, without a selector, of what is visible.
func (b *chromium) picture(selector string) []byte {
	b.t.Helper()
	b.settle()
	params := map[string]any{"format": "webp", "quality": 75}
	if selector != "" {
		params["captureBeyondViewport"] = true
		params["clip"] = b.eval(`(() => {
			const r = document.querySelector(` + quoted(selector) + `).getBoundingClientRect();
			return {x: r.x + scrollX - 8, y: r.y + scrollY - 8, width: r.width + 16, height: r.height + 16, scale: 1.5};
		})()`)
	}
	var out struct{ Data string }
	b.call("Page.captureScreenshot", params, &out)
	image, err := base64.StdEncoding.DecodeString(out.Data)
	if err != nil {
		b.t.Fatal(err)
	}
	return image
}

// loadsNothing checks that the page requested only itself, and has no errors.
func (b *chromium) loadsNothing() {
	b.t.Helper()
	for _, r := range b.requests {
		if !strings.HasPrefix(r, "file://") || !strings.HasSuffix(r, "/page.html") {
			b.t.Errorf("the page requests %s", r)
		}
	}
	if len(b.requests) == 0 {
		b.t.Error("the browser reported no request, not even for the page")
	}
	for _, p := range b.problems {
		b.t.Error(p)
	}
}

func quoted(text string) string {
	out, _ := json.Marshal(text)
	return string(out)
}
