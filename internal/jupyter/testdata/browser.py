"""Drives Jupyter Notebook 6.4 in headless Chromium: python3 browser.py NOTEBOOK PICTURE [SECONDS].

The notebook must show a progress bar and a picture; all of its cells must run within the seconds (60). The page is
photographed to PICTURE. The current directory and everything below it are the server's.
"""

import json
import subprocess
import sys
import unittest
import urllib.request

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from kernel import PATIENCE, free_ports, loopback, until

NOTEBOOK, PICTURE = sys.argv[1:3]
SECONDS = int(sys.argv[3]) if len(sys.argv) > 3 else 60


class Browser(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        ip = loopback()
        port = free_ports(ip, 1)[0]
        cls.log = open("server.log", "w")
        cls.server = subprocess.Popen(
            [sys.executable, "-m", "notebook", "--no-browser", "--allow-root", f"--port={port}", f"--ip={ip}",
             "--NotebookApp.token=", "--NotebookApp.password="], stderr=cls.log, stdout=cls.log)
        cls.url = f"http://{ip}:{port}"

        def up():
            try:
                return urllib.request.urlopen(cls.url + "/api").status == 200
            except OSError:
                return False
        until(up)
        options = Options()
        options.binary_location = "/usr/bin/chromium"
        for a in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1280,1800"):
            options.add_argument(a)
        cls.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        cls.driver.set_script_timeout(PATIENCE)
        cls.driver.get(f"{cls.url}/notebooks/{NOTEBOOK}")
        until(lambda: cls.js("return !!(window.Jupyter && Jupyter.notebook && Jupyter.notebook.kernel && Jupyter.notebook.kernel.is_connected())"))

    @classmethod
    def tearDownClass(cls):
        cls.driver.quit()
        cls.server.terminate()
        cls.server.wait(PATIENCE)
        cls.log.close()

    @classmethod
    def js(cls, code, *args):
        return cls.driver.execute_script(code, *args)

    def idle(self):
        until(lambda: self.js("return !Jupyter.notebook.get_cells().some(c => c.element.hasClass('running')) && !Jupyter.notebook.kernel_busy"))

    def outputs(self):
        return self.js("return Jupyter.notebook.get_cells().filter(c => c.cell_type == 'code').map(c => c.output_area.toJSON())")

    def new_cell(self, source):
        """Append a cell, put the cursor at its end and return its number."""
        return self.js("""
            const n = Jupyter.notebook, c = n.insert_cell_at_bottom('code');
            c.set_text(arguments[0]); n.select(n.find_cell_index(c)); n.scroll_to_cell(n.find_cell_index(c), 0);
            n.edit_mode(); c.focus_editor(); c.code_mirror.setCursor(c.code_mirror.lineCount(), 0); c.code_mirror.execCommand('goDocEnd');
            return n.find_cell_index(c)""", source)

    def run_cell(self, source):
        i = self.new_cell(source)
        self.js("Jupyter.notebook.execute_cells([arguments[0]])", i)
        return i

    def cell_outputs(self, i):
        return self.js("return Jupyter.notebook.get_cell(arguments[0]).output_area.toJSON()", i)

    def shown(self, i):
        return "".join(o.get("text", "") or o.get("data", {}).get("text/plain", "") or "\n".join(o.get("traceback", [])) for o in self.cell_outputs(i))

    def keys(self, *keys):
        a = ActionChains(self.driver)
        for k in keys:
            a = k(a) if callable(k) else a.send_keys(k)
        a.perform()

    def test_1_all_cells_run(self):
        self.js("""
            window.bars = new Set()
            const look = () => document.querySelectorAll('.output progress').forEach(p => bars.add(p.value / p.max))
            new MutationObserver(look).observe(document.body, {childList: true, subtree: true, attributes: true})
            Jupyter.notebook.clear_all_output()
            Jupyter.notebook.execute_all_cells()""")
        until(lambda: self.js("return !document.querySelector('.code_cell.running')"), SECONDS)
        errors = [o for cell in self.outputs() for o in cell if o["output_type"] == "error"]
        self.assertEqual(errors, [])
        self.assertGreaterEqual(self.js("return bars.size"), 3, "the progress bar moves")
        self.assertTrue(self.js("const i = document.querySelector('.output img'); return i && i.naturalWidth > 50"), "a picture is shown")
        self.js("document.querySelector('.output img').scrollIntoView({block: 'center'})")
        self.driver.save_screenshot(PICTURE)

    def test_2_interrupt(self):
        self.run_cell("kept := 41")
        i = self.run_cell('import "fmt"\nfmt.Println("begun")\nfor {\n}')
        until(lambda: "begun" in self.shown(i))
        self.js("Jupyter.notebook.kernel.interrupt()")
        until(lambda: "interrupted" in self.shown(i))
        self.idle()
        self.assertIn("42", self.shown_after("kept + 1"))

    def shown_after(self, source):
        i = self.run_cell(source)
        until(lambda: self.cell_outputs(i))
        return self.shown(i)

    def test_3_tab_completes(self):
        self.shown_after('import "strings"\nlen(strings.Split("a b", " "))')
        i = self.new_cell("strings.HasPref")
        self.keys(Keys.TAB)
        until(lambda: self.js("return Jupyter.notebook.get_cell(arguments[0]).get_text()", i) == "strings.HasPrefix")
        i = self.new_cell("strings.Trim")
        self.keys(Keys.TAB)
        until(lambda: "TrimSuffix" in self.js("return [...document.querySelectorAll('#complete option')].map(o => o.textContent)"))
        self.keys(Keys.ESCAPE)

    def test_4_shift_tab_documents(self):
        self.new_cell("strings.ToUpper")
        self.keys(lambda a: a.key_down(Keys.SHIFT), Keys.TAB, lambda a: a.key_up(Keys.SHIFT))
        until(lambda: self.js("const t = document.querySelector('#tooltip'); return t && t.textContent.includes('ToUpper(s string) string')"))
        self.keys(Keys.ESCAPE)

    def test_5_input(self):
        i = self.run_cell('var word string\nfmt.Print("word? ")\nfmt.Scan(&word)\nfmt.Println("<" + word + ">")')
        until(lambda: self.js("return !!document.querySelector('.raw_input')"))
        box = self.driver.find_element("css selector", ".raw_input")
        box.send_keys("hello", Keys.ENTER)
        until(lambda: "<hello>" in self.shown(i))

    def test_6_restart(self):
        self.assertIn("41", self.shown_after("kept"))
        self.js("window.restarted = false; Jupyter.notebook.kernel.restart(() => { window.restarted = true })")
        until(lambda: self.js("return window.restarted && Jupyter.notebook.kernel.is_connected()"))
        self.assertIn("undefined: kept", self.shown_after("kept"))
        self.assertIn("42", self.shown_after("6 * 7"))

    def test_7_save(self):
        self.js("Jupyter.notebook.save_notebook()")

        def saved():
            with open(NOTEBOOK) as f:
                return "6 * 7" in f.read()
        until(saved)
        with open(NOTEBOOK) as f:
            info = json.load(f)["metadata"]["language_info"]
        self.assertEqual((info["name"], info["file_extension"]), ("go", ".go"))
        self.assertNotIn("", info.values())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
