package sessiond

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"sessiond.dev/go/internal/transport"
	pb "sessiond.dev/go/sessiond/v1"
)

// Pauses between tries; each is drawn from half of it to all of it.
const (
	firstPause   = 100 * time.Millisecond
	longestPause = time.Second
)

// connection is the way to one server: a channel for unary calls and one for histories, each with its line, so that a long
// history does not hold those up, and one for tails, which take their streams for as long as they like. Making one does
// no I/O.
type connection struct {
	settings  settings
	unary     *grpc.ClientConn
	history   *grpc.ClientConn
	tail      *grpc.ClientConn
	calls     *line
	histories *line
	end       context.CancelFunc
}

func newConnection(made settings) (*connection, error) {
	creds, err := made.transportCredentials()
	if err != nil {
		return nil, err
	}
	dial := func(withKeepalive bool) (*grpc.ClientConn, error) {
		options := append(transport.DialOptions(withKeepalive), grpc.WithTransportCredentials(creds))
		channel, err := grpc.NewClient(made.target, append(options, made.dialOptions...)...)
		if err != nil {
			return nil, fmt.Errorf("sessiond: %s is no target: %w", made.target, err)
		}
		return channel, nil
	}
	unary, err := dial(false)
	if err != nil {
		return nil, err
	}
	history, err := dial(true)
	if err != nil {
		return nil, errors.Join(err, unary.Close())
	}
	tail, err := dial(true)
	if err != nil {
		return nil, errors.Join(err, unary.Close(), history.Close())
	}
	open, end := context.WithCancel(context.Background())
	return &connection{
		settings: made, unary: unary, history: history, tail: tail, end: end,
		calls: newLine(open, made.target, callsAtOnce, made.deadline),
		// A history may stand still for so long.
		histories: newLine(open, made.target, historiesAtOnce, made.streamIdle),
	}, nil
}

func (c *connection) close() error {
	c.end()
	return errors.Join(c.unary.Close(), c.history.Close(), c.tail.Close())
}

// rpc is a unary method of the stubs.
type rpc[Q, A any] func(pb.SessionServiceClient, context.Context, Q, ...grpc.CallOption) (A, error)

// call makes a unary call when its turn comes, and tries again where that helps, until the deadline. Every request can be
// repeated: reads change nothing, and writes carry an event id or a request id. An error is an *Error of the last try or
// of the wait in line, or the metadata function's.
func call[Q, A any](ctx context.Context, c *connection, name, sessionID string, method rpc[Q, A], request Q) (A, error) {
	var none A
	turn, err := c.calls.enter(ctx, name)
	if err != nil {
		return none, err
	}
	defer c.calls.leave()
	stubs := pb.NewSessionServiceClient(c.unary)
	unavailable := turn.behind
	for tries := 0; ; tries++ {
		headed, err := transport.WithHeaders(ctx, c.settings.metadata)
		if err != nil {
			return none, err
		}
		// One try never takes all the time, or a lost answer could not be asked for again.
		attempt, cancel := context.WithTimeout(headed, max(time.Millisecond, min(c.settings.deadline/2, time.Until(turn.end))))
		var trailer metadata.MD
		answer, err := method(stubs, attempt, request, grpc.Trailer(&trailer))
		cancel()
		if err == nil {
			c.calls.tried(nil)
			return answer, nil
		}
		if ctx.Err() != nil {
			return none, fromContext(ctx, name)
		}
		failure := fromRPCError(err, sessionID, trailer)
		c.calls.tried(failure)
		if failure.kind == ErrUnavailable {
			unavailable = failure
		}
		pause, again := pauseBeforeRetry(failure, tries)
		if !again || time.Now().Add(pause).After(turn.end) {
			told := c.told(name, failure, unavailable)
			if told != turn.behind {
				c.calls.gaveUp(told)
			}
			return none, told
		}
		if !sleep(ctx, pause) {
			return none, fromContext(ctx, name)
		}
	}
}

// told chooses what the caller hears: that the last try had little time left says less than what the one before found.
func (c *connection) told(name string, failure, unavailable *Error) *Error {
	if failure.kind != ErrDeadline {
		return failure
	}
	if unavailable != nil {
		return unavailable
	}
	failure.message = fmt.Sprintf("%s: no answer from %s within %v (%s)",
		name, c.settings.target, c.settings.deadline, failure.message)
	return failure
}

// pauseBeforeRetry is how long to wait after so many tries and this failure; false where another try would not help.
func pauseBeforeRetry(failure *Error, tries int) (time.Duration, bool) {
	if !failure.retryable() {
		return 0, false
	}
	pause := longestPause
	if tries < 8 {
		pause = min(longestPause, firstPause<<tries)
	}
	// Jitter, so that the clients of a server that went down do not come back all at once.
	return max(failure.RetryDelay, pause/2+rand.N(pause/2)), true
}

// sleep waits; false where the context ended first.
func sleep(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// transportCredentials reads the files, once for all channels.
func (s *settings) transportCredentials() (credentials.TransportCredentials, error) {
	switch {
	case s.credentials != nil:
		return s.credentials, nil
	case !s.encrypted():
		return insecure.NewCredentials(), nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.caFile != "" {
		pem, err := os.ReadFile(s.caFile)
		if err != nil {
			return nil, fmt.Errorf("sessiond: ca_file: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("sessiond: ca_file: %s has no certificate in PEM form", s.caFile)
		}
	}
	if s.certFile != "" {
		certificate, err := tls.LoadX509KeyPair(s.certFile, s.keyFile)
		if err != nil {
			return nil, fmt.Errorf("sessiond: cert_file and key_file: %w", err)
		}
		config.Certificates = []tls.Certificate{certificate}
	}
	return credentials.NewTLS(config), nil
}
