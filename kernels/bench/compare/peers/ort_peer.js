// Times forward convolutions of ONNX Runtime for the compare command, which speaks the line protocol of peer.go.
const ort = require("onnxruntime-node");
const fs = require("fs");
const readline = require("readline");

const threads = Number(process.argv[2]);

function value(i, seed) {
	let h = (Math.imul(i, 2654435761) + seed) >>> 0;
	h = (h ^ (h >>> 16)) >>> 0;
	h = Math.imul(h, 0x85ebca6b) >>> 0;
	h = (h ^ (h >>> 13)) >>> 0;
	return (h & 0xffff) / 32768 - 1;
}

function filled(dims, seed) {
	const a = new Float32Array(dims.reduce((p, v) => p * v, 1));
	for (let i = 0; i < a.length; i++) a[i] = value(i, seed);
	return a;
}

// A minimal protobuf writer, enough for a one-node ONNX model.
const varint = (v) => {
	const out = [];
	let n = BigInt(v);
	do {
		let b = Number(n & 127n);
		n >>= 7n;
		out.push(n > 0n ? b | 128 : b);
	} while (n > 0n);
	return Buffer.from(out);
};
const field = (num, v) => {
	if (typeof v === "number") return Buffer.concat([varint(num << 3), varint(v)]);
	const b = typeof v === "string" ? Buffer.from(v) : v;
	return Buffer.concat([varint((num << 3) | 2), varint(b.length), b]);
};
const message = (...fields) => Buffer.concat(fields);
const ints = (name, vs) => field(5, message(field(1, name), ...vs.map((v) => field(8, v)), field(20, 7)));
const shaped = (name, dims) =>
	message(field(1, name), field(2, field(1, message(field(1, 1), field(2, message(...dims.map((d) => field(1, field(1, d)))))))));

function model(x, w, y, weights, g, k, s, p) {
	const node = message(field(1, "x"), field(1, "w"), field(2, "y"), field(4, "Conv"), ints("kernel_shape", [k, k]),
		ints("strides", [s, s]), ints("pads", [p, p, p, p]), field(5, message(field(1, "group"), field(3, g), field(20, 2))));
	const init = message(...w.map((d) => field(1, d)), field(2, 1), field(8, "w"),
		field(9, Buffer.from(weights.buffer, weights.byteOffset, weights.byteLength)));
	const graph = message(field(1, node), field(2, "g"), field(5, init), field(11, shaped("x", x)), field(12, shaped("y", y)));
	return message(field(1, 8), field(7, graph), field(8, message(field(1, ""), field(2, 13))));
}

let session, input, last;

async function answer(line) {
	const [verb, ...args] = line.trim().split(/\s+/);
	if (verb === "prepare") {
		if (args[0] !== "fwd") return "error forward only";
		const [n, ic, oc, g, h, w, k, s, p] = args.slice(1).map(Number);
		const oh = Math.floor((h + 2 * p - k) / s) + 1, ow = Math.floor((w + 2 * p - k) / s) + 1;
		const wd = [oc, ic / g, k, k];
		session = await ort.InferenceSession.create(model([n, ic, h, w], wd, [n, oc, oh, ow], filled(wd, 2), g, k, s, p),
			{ intraOpNumThreads: threads, interOpNumThreads: 1 });
		input = new ort.Tensor("float32", filled([n, ic, h, w], 1), [n, ic, h, w]);
		last = (await session.run({ x: input })).y;
		return "ok ort";
	}
	if (verb === "time") {
		let best = 1e9, total = 0;
		while (total < Number(args[0])) {
			const t0 = process.hrtime.bigint();
			last = (await session.run({ x: input })).y;
			const t = Number(process.hrtime.bigint() - t0) / 1e9;
			best = Math.min(best, t);
			total += t;
		}
		return "ok " + best;
	}
	if (verb === "output") {
		fs.writeFileSync(args[0], Buffer.from(last.data.buffer, last.data.byteOffset, last.data.byteLength));
		return "ok";
	}
	return "error unknown " + verb;
}

(async () => {
	console.log("onnxruntime-node " + require("onnxruntime-node/package.json").version);
	for await (const line of readline.createInterface({ input: process.stdin })) {
		try {
			console.log(await answer(line));
		} catch (e) {
			console.log("error " + String(e.message).replace(/\n/g, " "));
		}
	}
})();
