package testserver

import (
	"os/exec"
	"syscall"
)

// dieWithParent leaves no server behind when a test run is killed.
func dieWithParent(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
