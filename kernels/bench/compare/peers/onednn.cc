// Times convolutions of oneDNN (2.x or 3.x API) for the compare command, which speaks the line protocol of peer.go.
#include <dnnl.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <unordered_map>
#include <vector>

using namespace dnnl;
using tag = memory::format_tag;
using dims = memory::dims;

static float value(uint32_t i, uint32_t seed) {
	uint32_t h = i * 2654435761u + seed;
	h ^= h >> 16;
	h *= 0x85ebca6bu;
	h ^= h >> 13;
	return float(h & 0xffff) / 32768.0f - 1.0f;
}

static engine eng(engine::kind::cpu, 0);
static stream strm(eng);

static memory filled(const dims &d, tag t, uint32_t seed) {
	memory m({d, memory::data_type::f32, t}, eng);
	float *p = static_cast<float *>(m.get_data_handle());
	size_t n = 1;
	for (auto v : d) n *= v;
	for (size_t i = 0; i < n; i++) p[i] = value(uint32_t(i), seed);
	return m;
}

static memory as(const memory::desc &want, memory from) {
	if (from.get_desc() == want) return from;
	memory to(want, eng);
	reorder(from, to).execute(strm, from, to);
	strm.wait();
	return to;
}

struct job {
	primitive prim;
	std::unordered_map<int, memory> args;
	memory out;
	memory::desc plain;
	std::string impl;
	// What a training step does to weights each time: from the plain layout before, or gradients to it afterwards.
	memory from, to;
	bool before = false, after = false;

	void run(bool pack) {
		if (pack && before) reorder(from, to).execute(strm, from, to);
		prim.execute(strm, args);
		if (pack && after) reorder(from, to).execute(strm, from, to);
		strm.wait();
	}

	void weights(const memory &plain, const memory &packed) {
		from = plain, to = packed, before = !(plain.get_desc() == packed.get_desc());
	}

	void gradient(const memory &packed, const memory &plain) {
		from = packed, to = plain, after = !(plain.get_desc() == packed.get_desc());
	}
};

template <typename PD>
static std::string info(const PD &pd) { return pd.impl_info_str(); }

static job prepare(const std::string &dir, int64_t n, int64_t ic, int64_t oc, int64_t g, int64_t h, int64_t w, int64_t k, int64_t s, int64_t p) {
	auto f32 = memory::data_type::f32;
	int64_t oh = (h + 2 * p - k) / s + 1, ow = (w + 2 * p - k) / s + 1;
	dims xd{n, ic, h, w}, yd{n, oc, oh, ow}, wd = g > 1 ? dims{g, oc / g, ic / g, k, k} : dims{oc, ic, k, k};
	tag wt = g > 1 ? tag::goihw : tag::oihw;
	memory::desc xa(xd, f32, tag::any), ya(yd, f32, tag::any), wa(wd, f32, tag::any);
	dims st{s, s}, pad{p, p};
	auto alg = algorithm::convolution_direct;
#if DNNL_VERSION_MAJOR >= 3
	convolution_forward::primitive_desc fpd(eng, prop_kind::forward_training, alg, xa, wa, ya, st, pad, pad);
#else
	convolution_forward::primitive_desc fpd({prop_kind::forward_training, alg, xa, wa, ya, st, pad, pad}, eng);
#endif
	memory x = filled(xd, tag::nchw, 1), wm = filled(wd, wt, 2), dy = filled(yd, tag::nchw, 3);
	job j;
	if (dir == "fwd") {
		j.prim = convolution_forward(fpd);
		j.out = memory(fpd.dst_desc(), eng);
		j.plain = {yd, f32, tag::nchw};
		memory packed = as(fpd.weights_desc(), wm);
		j.args = {{DNNL_ARG_SRC, as(fpd.src_desc(), x)}, {DNNL_ARG_WEIGHTS, packed}, {DNNL_ARG_DST, j.out}};
		j.weights(wm, packed);
		j.impl = info(fpd);
	} else if (dir == "bwd_d") {
#if DNNL_VERSION_MAJOR >= 3
		convolution_backward_data::primitive_desc pd(eng, alg, xa, wa, ya, st, pad, pad, fpd);
#else
		convolution_backward_data::primitive_desc pd({alg, xa, wa, ya, st, pad, pad}, eng, fpd);
#endif
		j.prim = convolution_backward_data(pd);
		j.out = memory(pd.diff_src_desc(), eng);
		j.plain = {xd, f32, tag::nchw};
		memory packed = as(pd.weights_desc(), wm);
		j.args = {{DNNL_ARG_DIFF_DST, as(pd.diff_dst_desc(), dy)}, {DNNL_ARG_WEIGHTS, packed}, {DNNL_ARG_DIFF_SRC, j.out}};
		j.weights(wm, packed);
		j.impl = info(pd);
	} else {
#if DNNL_VERSION_MAJOR >= 3
		convolution_backward_weights::primitive_desc pd(eng, alg, xa, wa, ya, st, pad, pad, fpd);
#else
		convolution_backward_weights::primitive_desc pd({alg, xa, wa, ya, st, pad, pad}, eng, fpd);
#endif
		j.prim = convolution_backward_weights(pd);
		j.out = memory(pd.diff_weights_desc(), eng);
		j.plain = {wd, f32, wt};
		j.args = {{DNNL_ARG_SRC, as(pd.src_desc(), x)}, {DNNL_ARG_DIFF_DST, as(pd.diff_dst_desc(), dy)}, {DNNL_ARG_DIFF_WEIGHTS, j.out}};
		j.gradient(j.out, memory({wd, f32, wt}, eng));
		j.impl = info(pd);
	}
	return j;
}

int main(int argc, char **argv) {
	bool pack = argc > 1 && std::string(argv[1]) == "plain";
	auto v = dnnl_version();
	std::cout << "oneDNN " << v->major << "." << v->minor << "." << v->patch << std::endl;
	job j;
	std::string line;
	while (std::getline(std::cin, line)) {
		std::istringstream in(line);
		std::string verb;
		in >> verb;
		try {
			if (verb == "prepare") {
				std::string dir;
				int64_t a[9];
				in >> dir;
				for (auto &x : a) in >> x;
				j = prepare(dir, a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8]);
				j.run(pack);
				std::cout << "ok " << j.impl << std::endl;
			} else if (verb == "time") {
				double budget, best = 1e9, total = 0;
				in >> budget;
				while (total < budget) {
					auto t0 = std::chrono::steady_clock::now();
					j.run(pack);
					double t = std::chrono::duration<double>(std::chrono::steady_clock::now() - t0).count();
					best = std::min(best, t);
					total += t;
				}
				std::cout << "ok " << best << std::endl;
			} else if (verb == "output") {
				std::string path;
				in >> path;
				memory m = as(j.plain, j.out);
				std::ofstream(path, std::ios::binary).write(static_cast<char *>(m.get_data_handle()), m.get_desc().get_size());
				std::cout << "ok" << std::endl;
			}
		} catch (const std::exception &e) {
			std::cout << "error " << e.what() << std::endl;
		}
	}
}
