package nn

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// python is Debian's interpreter, for which the package python3-torch is made.
const python = "/usr/bin/python3"

// PyTorch itself must load what we save, with all names, and compute the same.
func TestPyTorchLoadsWhatWeSave(t *testing.T) {
	if err := exec.Command(python, "-c", "import torch, numpy").Run(); err != nil {
		t.Skip("needs Debian's packages python3-torch and python3-numpy")
	}
	m := Sequential(
		Conv2D(3, 8, 3, Padding(1), NoBias()), BatchNorm2D(8), ReLU(),
		Conv2D(8, 8, 3, Groups(4), Stride(2)), ReLU(), GlobalAvgPool2D(), Linear(8, 4))
	train(t, m, []int{3, 9, 9})
	dir := t.TempDir()
	for _, ending := range []string{".pt", ".npz", ".safetensors"} {
		if err := m.Save(filepath.Join(dir, "m"+ending)); err != nil {
			t.Fatal(err)
		}
	}
	x := randomTensor(6, 2, 3, 9, 9)
	in, err := json.Marshal(x.Data)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "x.json"), in, 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "-c", loadInTorch, dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var got map[string][]float64
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	if len(got) != 3 {
		t.Errorf("%d results", len(got))
	}
	y := m.Forward(x, false)
	for ending, want := range got {
		near(t, ending, y.Data, want, 1e-6)
	}
}

// loadInTorch loads the three files strictly and prints each model's output.
const loadInTorch = `
import json, struct, sys, numpy, torch
from torch import nn
d = sys.argv[1]
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.conv2 = nn.Conv2d(8, 8, 3, groups=4, stride=2)
        self.fc1 = nn.Linear(8, 4)
    def forward(self, x):
        x = torch.relu(self.bn1(self.conv1(x)))
        return self.fc1(torch.relu(self.conv2(x)).mean((2, 3)))
def safetensors(path):
    b = open(path, 'rb').read()
    n, = struct.unpack('<Q', b[:8])
    h = json.loads(b[8:8+n])
    h.pop('__metadata__', None)
    return {k: torch.from_numpy(numpy.frombuffer(b[8+n+v['data_offsets'][0]:8+n+v['data_offsets'][1]], '<f4').reshape(v['shape']).copy()) for k, v in h.items()}
states = {
    '.pt': torch.load(d + '/m.pt'),
    '.npz': {k: torch.from_numpy(v) for k, v in numpy.load(d + '/m.npz').items()},
    '.safetensors': safetensors(d + '/m.safetensors'),
}
x = torch.tensor(json.load(open(d + '/x.json'))).reshape(2, 3, 9, 9)
out = {}
for k, s in states.items():
    m = Net()
    m.load_state_dict(s)
    m.eval()
    out[k] = m(x).detach().double().flatten().tolist()
print(json.dumps(out))
`
