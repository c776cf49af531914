package testserver

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// Proxy forwards to a server, and can lose its answers, hold them up, or break the connections.
type Proxy struct {
	// Target is its address.
	Target string

	upstream string
	listener net.Listener

	mu          sync.Mutex
	connections map[net.Conn]bool
	losing      bool
	lost        chan struct{}
	delay       time.Duration
	piece       int
}

// NewProxy starts a proxy, which ends with the test.
func NewProxy(t testing.TB, upstream string) *Proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	proxy := &Proxy{
		Target: listener.Addr().String(), upstream: upstream, listener: listener,
		connections: map[net.Conn]bool{}, lost: make(chan struct{}), piece: 65536,
	}
	go proxy.accept()
	t.Cleanup(func() {
		listener.Close()
		proxy.Cut()
	})
	return proxy
}

// LoseAnswers lets through what the client sends, and nothing back, until Cut. The channel is closed with the first
// answer that is lost.
func (p *Proxy) LoseAnswers() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.losing = true
	p.lost = make(chan struct{})
	return p.lost
}

// Slow holds up every piece of an answer.
func (p *Proxy) Slow(delay time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = delay
}

// Pace lets no more than so many bytes of answers pass in a second, over each connection that is made from now on.
func (p *Proxy) Pace(bytesPerSecond int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.piece = 2048
	p.delay = time.Duration(p.piece) * time.Second / time.Duration(bytesPerSecond)
}

// Cut breaks all connections; new ones work.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.losing = false
	for connection := range p.connections {
		if tcp, ok := connection.(*net.TCPConn); ok {
			tcp.SetLinger(0)
		}
		connection.Close()
	}
	clear(p.connections)
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.upstream)
		if err != nil {
			client.Close()
			continue
		}
		p.mu.Lock()
		p.connections[client], p.connections[server] = true, true
		p.mu.Unlock()
		go func() {
			io.Copy(server, client)
			server.Close()
		}()
		go func() {
			p.answers(client, server)
			client.Close()
		}()
	}
}

func (p *Proxy) answers(client io.Writer, server io.Reader) {
	p.mu.Lock()
	buffer := make([]byte, p.piece)
	p.mu.Unlock()
	for {
		count, err := server.Read(buffer)
		if count > 0 && !p.drop(count) {
			if _, err := client.Write(buffer[:count]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// drop says whether a piece of an answer is lost, after the delay.
func (p *Proxy) drop(size int) bool {
	p.mu.Lock()
	delay := p.delay
	p.mu.Unlock()
	time.Sleep(delay)
	p.mu.Lock()
	defer p.mu.Unlock()
	// Settings and acknowledgements of HTTP/2 come first; an answer to a call has a body.
	if p.losing && size > 30 {
		select {
		case <-p.lost:
		default:
			close(p.lost)
		}
	}
	return p.losing
}
