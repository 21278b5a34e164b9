// Times whole networks of ONNX Runtime for the steps command, which speaks the line protocol of serve.go.
const ort = require("onnxruntime-node");
const readline = require("readline");

const threads = Number(process.argv[2]);

function value(i, seed) {
	let h = (Math.imul(i, 2654435761) + seed) >>> 0;
	h = (h ^ (h >>> 16)) >>> 0;
	h = Math.imul(h, 0x85ebca6b) >>> 0;
	h = (h ^ (h >>> 13)) >>> 0;
	return (h & 0xffff) / 32768 - 1;
}

let session, feeds;

async function answer(line) {
	const space = line.indexOf(" ");
	const verb = line.slice(0, space), rest = line.slice(space + 1);
	if (verb === "prepare") {
		const w = JSON.parse(rest);
		const dims = [w.batch, w.spec.in, w.size, w.size];
		const x = new Float32Array(dims.reduce((p, v) => p * v, 1));
		for (let i = 0; i < x.length; i++) x[i] = value(i, 1);
		session = await ort.InferenceSession.create(w.onnx, { intraOpNumThreads: threads, interOpNumThreads: 1, graphOptimizationLevel: "all" });
		feeds = { [session.inputNames[0]]: new ort.Tensor("float32", x, dims) };
		for (let i = 0; i < 3; i++) await session.run(feeds);
		return "ok";
	}
	if (verb === "time") {
		const took = [], end = process.hrtime.bigint() + BigInt(Math.round(1e9 * Number(rest)));
		while (took.length < 2 || process.hrtime.bigint() < end) {
			const t0 = process.hrtime.bigint();
			await session.run(feeds);
			took.push(Number(process.hrtime.bigint() - t0) / 1e9);
		}
		took.sort((a, b) => a - b);
		return "ok " + took[took.length >> 1];
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
