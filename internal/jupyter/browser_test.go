package jupyter

import (
	"os"
	"path/filepath"
	"testing"
)

// inBrowser runs a notebook in Jupyter Notebook and Chromium and leaves a photograph in GROUPNB_PICTURES, if set.
func inBrowser(t *testing.T, notebook, seconds string) {
	t.Helper()
	needProgram(t, "/usr/bin/chromium", "chromium")
	needProgram(t, "/usr/bin/chromedriver", "chromium-driver")
	e := jupyter(t, map[string]string{"selenium": "python3-selenium", "notebook": "jupyter-notebook", "zmq": "python3-zmq"})
	b, err := os.ReadFile(notebook)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Base(notebook)
	if err := os.WriteFile(filepath.Join(e.dir, name), b, 0o644); err != nil {
		t.Fatal(err)
	}
	script, err := filepath.Abs("testdata/browser.py")
	if err != nil {
		t.Fatal(err)
	}
	picture := filepath.Join(e.dir, name+".png")
	cmd := e.command(e.python, script, name, picture, seconds)
	cmd.Dir = e.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		log, _ := os.ReadFile(filepath.Join(e.dir, "server.log"))
		t.Errorf("%v\n%s\nserver:\n%s", err, out, log)
	}
	if dir := os.Getenv("GROUPNB_PICTURES"); dir != "" {
		if b, err := os.ReadFile(picture); err == nil {
			os.WriteFile(filepath.Join(dir, name+".png"), b, 0o644)
		}
	}
}

func TestBrowser(t *testing.T) {
	t.Parallel()
	inBrowser(t, "testdata/browser.ipynb", "60")
}

// The quickstart trains a network; that takes minutes.
func TestQuickstartInBrowser(t *testing.T) {
	if os.Getenv("GROUPNB_SLOW") == "" {
		t.Skip("needs GROUPNB_SLOW=1")
	}
	inBrowser(t, "../../notebooks/quickstart.ipynb", "300")
}
