"""Jupyter's own kernel test with every sample filled in."""

import unittest

import jupyter_kernel_test


class GroupnbTests(jupyter_kernel_test.KernelTests):
    kernel_name = "groupnb"
    language_name = "go"
    file_extension = ".go"

    code_hello_world = 'import "fmt"\nfmt.Println("hello, world")'
    code_stderr = 'import ("fmt"; "os")\nfmt.Fprintln(os.Stderr, "oops")'
    completion_samples = [
        {"text": "fmt.Printl", "matches": {"Println"}},
        {"text": "strings.HasPre", "matches": {"HasPrefix"}},
        {"text": "retur", "matches": {"return"}},
    ]
    complete_code_samples = ["1", 'fmt.Println("a")', "func f(x int) int {\n\treturn 2 * x\n}", "x := []int{1,\n\t2}", "%time 1"]
    incomplete_code_samples = ["for {", "fmt.Println(", "x := `raw", "/* open", "func f() {", "1 +"]
    invalid_code_samples = ["}", 'x := "open', ")", "x := 'ab"]
    code_page_something = "%help fmt.Println"
    code_generate_error = 'panic("on purpose")'
    code_execute_result = [
        {"code": "6 * 7", "result": "42"},
        {"code": '"a" + "b"', "result": "ab"},
        {"code": "[]int{1, 2, 3}", "result": "[1 2 3]"},
    ]
    code_display_data = [
        {"code": 'import "github.com/groupnb/groupnb/repl/display"\ndisplay.Show("x")', "mime": "text/plain"},
        {"code": 'import "image"\ndisplay.Show(image.NewGray(image.Rect(0, 0, 2, 2)))', "mime": "image/png"},
    ]
    code_history_pattern = "6?*"
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "fmt.Println"
    code_clear_output = 'import "github.com/groupnb/groupnb/repl/display"\ndisplay.Clear(false)'


if __name__ == "__main__":
    unittest.main()
