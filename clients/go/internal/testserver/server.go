// Package testserver starts the sessiond server of the checkout for tests.
package testserver

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// patience is how long a server may take to begin or end on a busy machine.
const patience = 100 * time.Second

// Below the ports that systems give to clients, so that none of those takes one between the look for it and its use.
// Test binaries that run side by side begin far apart; what else runs is avoided by chance.
var nextPort atomic.Int64

func init() {
	nextPort.Store(int64(8_000 + rand.IntN(5_000)))
}

// FreePort is a port that nobody listens on at the moment.
func FreePort() int {
	for {
		port := int(nextPort.Add(1))
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			listener.Close()
			return port
		}
	}
}

// Server is one server over a SQLite file, which can be killed and started again on the same ports.
type Server struct {
	// Target is its address for gRPC.
	Target string

	folder    string
	before    []string // what the command is started by
	arguments []string
	known     bool // whether its ports were told to anybody
	grpcPort  int
	httpPort  int
	process   *exec.Cmd
	ended     chan struct{}
}

// Shared runs the tests of a package with a server that they share: the one that SESSIOND_TEST_TARGET names, or one of
// their own. For TestMain.
func Shared(run func(target string) int) int {
	if target := os.Getenv("SESSIOND_TEST_TARGET"); target != "" {
		return run(target)
	}
	folder, err := os.MkdirTemp("", "sessiond-go")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	server := newServer(folder)
	if err := server.start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer server.end(syscall.SIGTERM)
	return run(server.Target)
}

// Own starts a server of the test's own, which it may kill.
func Own(t testing.TB, arguments ...string) *Server {
	t.Helper()
	server := newServer(t.TempDir(), arguments...)
	server.Start(t)
	t.Cleanup(func() { server.end(syscall.SIGTERM) })
	return server
}

// OnSmallDisk starts a server that has the data of the test alone on a disk of so many mebibytes.
func OnSmallDisk(t testing.TB, mebibytes int) *Server {
	t.Helper()
	server := newServer(t.TempDir())
	// The disk is mounted for the server alone, and is gone with it.
	mount := fmt.Sprintf(`mount -t tmpfs -o size=%dm none "$0" && exec "$@"`, mebibytes)
	server.before = []string{"unshare", "--mount", "--map-root-user", "sh", "-c", mount, server.folder}
	server.Start(t)
	t.Cleanup(func() { server.end(syscall.SIGTERM) })
	return server
}

func newServer(folder string, arguments ...string) *Server {
	server := &Server{folder: folder, arguments: arguments}
	server.choosePorts()
	return server
}

func (s *Server) choosePorts() {
	s.grpcPort, s.httpPort = FreePort(), FreePort()
	s.Target = net.JoinHostPort("127.0.0.1", strconv.Itoa(s.grpcPort))
}

// Start starts it, again after Kill, and waits until it answers.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
}

// Kill ends it at once, as a crash does.
func (s *Server) Kill() { s.end(syscall.SIGKILL) }

// Stop asks it to end, and waits until it has.
func (s *Server) Stop() { s.end(syscall.SIGTERM) }

// start starts it; at first on other ports where somebody took one of them after the look for it.
func (s *Server) start() error {
	for try := 1; ; try++ {
		err := s.startOnce()
		if s.known || try == 5 || !errors.Is(err, errPortTaken) {
			s.known = s.known || err == nil
			return err
		}
		s.choosePorts()
		os.Remove(filepath.Join(s.folder, "server.log"))
	}
}

var errPortTaken = errors.New("the port is taken")

func (s *Server) startOnce() error {
	_, file, _, _ := runtime.Caller(0)
	root := filepath.Join(filepath.Dir(file), "../../../..")
	log, err := os.OpenFile(filepath.Join(s.folder, "server.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	command := slices.Concat(s.before, []string{
		filepath.Join(root, "node_modules/.bin/node"), "--disable-warning=ExperimentalWarning", "src/main.ts", "serve",
		"--store", "sqlite:" + filepath.Join(s.folder, "sessiond.db"),
		"--grpc-port", strconv.Itoa(s.grpcPort),
		"--http-port", strconv.Itoa(s.httpPort),
		"--log-level", "warn",
	}, s.arguments)
	s.process = exec.Command(command[0], command[1:]...)
	s.process.Dir = root
	s.process.Stdout, s.process.Stderr = log, log
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "SESSIOND_") {
			s.process.Env = append(s.process.Env, variable)
		}
	}
	dieWithParent(s.process)
	ended, process, started := make(chan struct{}), s.process, make(chan error)
	s.ended = ended
	go func() {
		// What is to die with its parent dies with the thread that started it.
		runtime.LockOSThread()
		defer close(ended)
		err := process.Start()
		started <- err
		if err == nil {
			process.Wait()
		}
	}()
	if err := <-started; err != nil {
		s.process = nil
		return fmt.Errorf("%w (is the checkout installed? npm ci)", err)
	}
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(30 * time.Millisecond) {
		select {
		case <-ended:
			end = time.Time{}
			continue
		default:
		}
		if s.answers() {
			return nil
		}
	}
	s.Kill()
	printed, _ := os.ReadFile(filepath.Join(s.folder, "server.log"))
	if strings.Contains(string(printed), "another process has it") {
		return fmt.Errorf("%w: %s", errPortTaken, printed)
	}
	return fmt.Errorf("the server does not answer; it printed:\n%s", printed)
}

func (s *Server) answers() bool {
	for _, argument := range s.arguments {
		if argument == "--tls-cert" {
			connection, err := net.Dial("tcp", s.Target)
			if err == nil {
				connection.Close()
			}
			return err == nil
		}
	}
	client := http.Client{Timeout: 5 * time.Second}
	answer, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d/readyz", s.httpPort))
	if err != nil {
		return false
	}
	answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

func (s *Server) end(how syscall.Signal) {
	if s.process == nil {
		return
	}
	s.process.Process.Signal(how)
	select {
	case <-s.ended:
	case <-time.After(patience):
		s.process.Process.Kill()
		<-s.ended
	}
	s.process = nil
}

// Metric is the value of a metric without labels.
func (s *Server) Metric(t testing.TB, name string) float64 {
	t.Helper()
	answer, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/metrics", s.httpPort))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if number, ok := strings.CutPrefix(line, name+" "); ok {
			value, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
			if err != nil {
				t.Fatal(err)
			}
			return value
		}
	}
	t.Fatalf("there is no metric %s", name)
	return 0
}
