// Package jupyter makes a live Go session a Jupyter kernel.
//
//	err := jupyter.Serve(ctx, "/run/user/1000/jupyter/kernel-1.json", start, jupyter.Options{Version: "1.0"})
//
// It speaks version 5.5 of the messaging protocol over sockets of its own (internal/zmtp) and installs, removes and
// lists kernelspecs. The contract: every request is answered, between a busy and an idle that name it as their parent;
// control answers at once while a cell runs; a message that is malformed or wrongly signed is logged once and dropped,
// and nothing that can be sent makes the kernel stop or stall; when the parent process dies the kernel goes too.
//
// It doesn't run code: cells go to a [Session]. It doesn't debug, has no subshells and doesn't encrypt.
//
// Protocol: the Jupyter client documentation, "Messaging in Jupyter" and "Making kernels for Jupyter".
package jupyter
