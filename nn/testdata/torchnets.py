"""Builds PyTorch modules from the ModelSpecs of job.json, loads the weights that package nn saved, strictly, and prints outputs."""
import collections, json, struct, sys
import numpy, torch
from torch import nn
from torch.nn import functional as F


class Fn(nn.Module):
    def __init__(self, f):
        super().__init__()
        self.f = f

    def forward(self, x):
        return self.f(x)


class ChannelNorm(nn.LayerNorm):
    def forward(self, x):
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


class LayerNorm(nn.GroupNorm):
    def __init__(self, features):
        super().__init__(1, features)


class SqueezeExcite(nn.Module):
    def __init__(self, c, r):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(c, c // r), nn.Linear(c // r, c)

    def forward(self, x):
        s = torch.sigmoid(self.fc2(torch.relu(self.fc1(x.mean(tuple(range(2, x.dim())))))))
        return x * s.reshape(s.shape + (1,) * (x.dim() - 2))


class Block(nn.Module):
    """torchvision's Bottleneck, with squeeze-excite before the sum."""

    def __init__(self, cin, cout, groups, width, stride, se):
        super().__init__()
        w = groups * width
        self.conv1, self.bn1 = nn.Conv2d(cin, w, 1, bias=False), nn.BatchNorm2d(w)
        self.conv2, self.bn2 = nn.Conv2d(w, w, 3, stride, 1, groups=groups, bias=False), nn.BatchNorm2d(w)
        self.conv3, self.bn3 = nn.Conv2d(w, cout, 1, bias=False), nn.BatchNorm2d(cout)
        self.se = SqueezeExcite(cout, se) if se else nn.Identity()
        self.downsample = nn.Identity()
        if cin != cout or stride != 1:
            self.downsample = nn.Sequential(nn.Conv2d(cin, cout, 1, stride, bias=False), nn.BatchNorm2d(cout))

    def forward(self, x):
        y = torch.relu(self.bn1(self.conv1(x)))
        y = self.se(self.bn3(self.conv3(torch.relu(self.bn2(self.conv2(y))))))
        return torch.relu(y + self.downsample(x))


class Basic(nn.Module):
    def __init__(self, cin, cout, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(cin, cout, 3, stride, 1, bias=False), nn.BatchNorm2d(cout)
        self.conv2, self.bn2 = nn.Conv2d(cout, cout, 3, 1, 1, bias=False), nn.BatchNorm2d(cout)
        self.downsample = nn.Identity()
        if cin != cout or stride != 1:
            self.downsample = nn.Sequential(nn.Conv2d(cin, cout, 1, stride, bias=False), nn.BatchNorm2d(cout))

    def forward(self, x):
        return torch.relu(self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x))))) + self.downsample(x))


def conv_norm(cin, cout, k, stride, groups):
    return [nn.Conv2d(cin, cout, k, stride, k // 2, groups=groups, bias=False), nn.BatchNorm2d(cout)]


class Inverted(nn.Module):
    def __init__(self, cin, cout, expand, stride):
        super().__init__()
        h = cin * expand
        layers = [] if expand == 1 else [nn.Sequential(*conv_norm(cin, h, 1, 1, 1), nn.ReLU6())]
        layers += [nn.Sequential(*conv_norm(h, h, 3, stride, h), nn.ReLU6()), *conv_norm(h, cout, 1, 1, 1)]
        self.conv, self.add = nn.Sequential(*layers), cin == cout and stride == 1

    def forward(self, x):
        return x + self.conv(x) if self.add else self.conv(x)


def shuffle(x, g):
    return x.reshape(x.shape[0], g, x.shape[1] // g, *x.shape[2:]).transpose(1, 2).reshape(x.shape)


class SplitUnit(nn.Module):
    """torchvision's ShuffleNetV2 InvertedResidual."""

    def __init__(self, cin, cout, stride):
        super().__init__()
        h, self.stride = cout // 2, stride
        self.branch1 = nn.Sequential()
        if stride > 1:
            self.branch1 = nn.Sequential(*conv_norm(cin, cin, 3, stride, cin), *conv_norm(cin, h, 1, 1, 1), nn.ReLU())
        self.branch2 = nn.Sequential(
            *conv_norm(cin if stride > 1 else h, h, 1, 1, 1), nn.ReLU(), *conv_norm(h, h, 3, stride, h), *conv_norm(h, h, 1, 1, 1), nn.ReLU())

    def forward(self, x):
        if self.stride == 1:
            a, b = x.chunk(2, dim=1)
            return shuffle(torch.cat((a, self.branch2(b)), 1), 2)
        return shuffle(torch.cat((self.branch1(x), self.branch2(x)), 1), 2)


class CNBlock(nn.Module):
    """torchvision's ConvNeXt block."""

    def __init__(self, c):
        super().__init__()
        self.block = nn.Sequential(
            nn.Conv2d(c, c, 7, padding=3, groups=c), Fn(lambda x: x.permute(0, 2, 3, 1)), nn.LayerNorm(c, eps=1e-6),
            nn.Linear(c, 4 * c), nn.GELU(), nn.Linear(4 * c, c), Fn(lambda x: x.permute(0, 3, 1, 2)))
        self.layer_scale = nn.Parameter(torch.ones(c, 1, 1) * 1e-6)

    def forward(self, x):
        return x + self.layer_scale * self.block(x)


class Join(nn.ModuleDict):
    def __init__(self, layers, join):
        super().__init__({str(i): l for i, l in enumerate(layers)})
        self.join = join

    def forward(self, x):
        return self.join([l(x) for l in self.values()])


class Residual(nn.Sequential):
    def forward(self, x):
        return x + super().forward(x)


class Separable(nn.Module):
    def __init__(self, cin, cout, k, pad):
        super().__init__()
        self.depthwise, self.pointwise = nn.Conv2d(cin, cin, k, padding=pad, groups=cin), nn.Conv2d(cin, cout, 1)

    def forward(self, x):
        return self.pointwise(self.depthwise(x))


def conv(kind, s):
    o = dict(stride=s.get('stride', 1), padding=s.get('padding', 0), dilation=s.get('dilation', 1), groups=s.get('groups', 1), bias=not s.get('no_bias'))
    o = {k: v[0] if isinstance(v, list) and len(v) == 1 else v for k, v in o.items()}
    if 'Transpose' in kind:
        o['output_padding'] = s.get('output_padding', [0])[0]
    return getattr(nn, kind.replace('D', 'd'))(s['in'], s['out'], tuple(s['kernel']) * (1 if len(s['kernel']) > 1 else int(kind[-2])), **o)


def pool(kind, s):
    o = dict(stride=s.get('stride', s['kernel'])[0], padding=s.get('padding', [0])[0], ceil_mode=s.get('ceil', False))
    if kind.startswith('Avg'):
        o['count_include_pad'] = not s.get('skip_padding', False)
    return getattr(nn, kind.replace('D', 'd'))(s['kernel'][0], **o)


spatial = lambda x: tuple(range(2, x.dim()))
plain = {
    'ReLU': nn.ReLU, 'ReLU6': nn.ReLU6, 'Sigmoid': nn.Sigmoid, 'Tanh': nn.Tanh, 'SiLU': nn.SiLU, 'HardSigmoid': nn.Hardsigmoid,
    'HardSwish': nn.Hardswish, 'GELU': nn.GELU, 'GELUTanh': lambda: nn.GELU('tanh'), 'Flatten': nn.Flatten,
    'Softmax': lambda: nn.Softmax(1), 'LogSoftmax': lambda: nn.LogSoftmax(1),
}


def build(s):
    k = s['kind']
    one = lambda name, default=1: s.get(name, [default])[0]
    if k in plain:
        return plain[k]()
    if k.startswith('Conv') and k.endswith('D'):
        return conv(k, s)
    if k in ('MaxPool1D', 'MaxPool2D', 'MaxPool3D', 'AvgPool1D', 'AvgPool2D', 'AvgPool3D'):
        return pool(k, s)
    if k.startswith('GlobalAvg'):
        return Fn(lambda x: x.mean(spatial(x)))
    if k.startswith('GlobalMax'):
        return Fn(lambda x: x.amax(spatial(x)))
    if k.startswith('BatchNorm'):
        return getattr(nn, k.replace('D', 'd'))(s['in'], eps=s.get('eps', 1e-5))
    if k in ('Dropout', 'Dropout2D', 'StochasticDepth'):
        return nn.Identity()
    layers = [build(l) for l in s.get('layers', [])]
    return {
        'DepthwiseConv2D': lambda: nn.Conv2d(s['in'], s['in'] * s.get('multiplier', 1), s['kernel'][0], padding=one('padding', 0), groups=s['in']),
        'SeparableConv2D': lambda: Separable(s['in'], s['out'], s['kernel'][0], one('padding', 0)),
        'GroupNorm': lambda: nn.GroupNorm(s['groups'], s['in']),
        'LayerNorm': lambda: LayerNorm(s['in']),
        'InstanceNorm': lambda: nn.GroupNorm(s['in'], s['in']),
        'ChannelNorm': lambda: ChannelNorm(s['in'], eps=1e-6),
        'LeakyReLU': lambda: nn.LeakyReLU(s['value']),
        'ELU': lambda: nn.ELU(s['value']),
        'Linear': lambda: nn.Linear(s['in'], s['out'], bias=not s.get('no_bias')),
        'Reshape': lambda: nn.Unflatten(1, s['shape']),
        'Upsample': lambda: nn.Upsample(scale_factor=s['kernel'][0]),
        'ChannelShuffle': lambda: Fn(lambda x: shuffle(x, s['groups'])),
        'SqueezeExcite': lambda: SqueezeExcite(s['in'], s['se']),
        'ResNeXtBlock': lambda: Block(s['in'], s['out'], s['cardinality'], s['base_width'], one('stride'), s.get('se', 0)),
        'Bottleneck': lambda: Block(s['in'], s['out'], 1, s['out'] // 4, one('stride'), 0),
        'BasicBlock': lambda: Basic(s['in'], s['out'], one('stride')),
        'InvertedResidual': lambda: Inverted(s['in'], s['out'], s.get('expand', 1), one('stride')),
        'ShuffleSplitUnit': lambda: SplitUnit(s['in'], s['out'], one('stride')),
        'ConvNeXtBlock': lambda: CNBlock(s['in']),
        'Branches': lambda: Join(layers, lambda y: torch.cat(y, 1)),
        'SumOf': lambda: Join(layers, sum),
        'Residual': lambda: Residual(named(s['layers'])),
        'Sequential': lambda: nn.Sequential(named(s['layers'])),
        'Stack': lambda: nn.Sequential(*layers),
    }[k]()


def named(layers):
    return collections.OrderedDict((l['name'], build(l)) for l in layers)


def safetensors(path):
    b = open(path, 'rb').read()
    n, = struct.unpack('<Q', b[:8])
    h = json.loads(b[8:8 + n])
    h.pop('__metadata__', None)
    part = lambda v: b[8 + n + v['data_offsets'][0]:8 + n + v['data_offsets'][1]]
    return {k: torch.from_numpy(numpy.frombuffer(part(v), '<f4').reshape(v['shape']).copy()) for k, v in h.items()}


load = {
    '.pt': torch.load,
    '.npz': lambda path: {k: torch.from_numpy(v) for k, v in numpy.load(path).items()},
    '.safetensors': safetensors,
}
out = []
with torch.no_grad():
    for job in json.load(open(sys.argv[1] + '/job.json')):
        x = torch.tensor(job['x']).reshape(job['shape'])
        for ending, read in load.items():
            net = nn.Sequential(named(job['spec']['layers']))
            net.load_state_dict(read(job['path'] + ending))
            out.append(net.eval()(x).double().flatten().tolist())
print(json.dumps(out))
