package sessiond

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
)

// DefaultTarget is where a server listens that was started without options.
const DefaultTarget = "localhost:50051"

// StalePolicy is what an append does when the session was changed since it was loaded.
type StalePolicy string

const (
	// RejectStale fails with ErrStaleSession and stores nothing, as ADK's own SQL service does.
	RejectStale StalePolicy = "reject"
	// AppendStale stores the event behind what the others wrote.
	AppendStale StalePolicy = "append"
)

// Option sets one thing of a session service. An option wins over the same one in a sessiond:// URI.
type Option func(*settings)

// settings is everything that a connection is made from. Nothing in it is an open resource.
type settings struct {
	target      string
	onStale     StalePolicy
	deadline    time.Duration
	streamIdle  time.Duration
	tls         bool
	caFile      string
	certFile    string
	keyFile     string
	credentials credentials.TransportCredentials
	metadata    func(context.Context) (metadata.MD, error)
	dialOptions []grpc.DialOption
}

// WithOnStale chooses what an append to a session does that was changed since it was loaded; RejectStale otherwise.
func WithOnStale(policy StalePolicy) Option {
	return func(s *settings) { s.onStale = policy }
}

// WithDeadline is the time that a call may take with all its retries, 10 s otherwise, from its turn: of calls made at once
// 100 are on their way at a time. The deadline of the call's context counts from the call on. A history that is read by a
// stream is not bounded by it.
func WithDeadline(deadline time.Duration) Option {
	return func(s *settings) { s.deadline = deadline }
}

// WithStreamIdle is the time that a history may stand still while it is read; 30 s otherwise.
func WithStreamIdle(idle time.Duration) Option {
	return func(s *settings) { s.streamIdle = idle }
}

// WithTLS encrypts the connection, or not. Naming a file or credentials turns it on as well.
func WithTLS(on bool) Option {
	return func(s *settings) { s.tls = on }
}

// WithCAFile names a PEM file of the authorities to trust, instead of the system's.
func WithCAFile(path string) Option {
	return func(s *settings) { s.caFile = path }
}

// WithCertificate names the PEM files of the client's certificate chain and private key, for mutual TLS.
func WithCertificate(certFile, keyFile string) Option {
	return func(s *settings) { s.certFile, s.keyFile = certFile, keyFile }
}

// WithCredentials gives gRPC's transport credentials instead of files.
func WithCredentials(creds credentials.TransportCredentials) Option {
	return func(s *settings) { s.credentials = creds }
}

// WithMetadata gives the headers of every call.
func WithMetadata(headers metadata.MD) Option {
	return WithMetadataFunc(func(context.Context) (metadata.MD, error) { return headers, nil })
}

// WithMetadataFunc gives a function that is asked for the headers at every call (a token that is renewed), from several
// goroutines at once. Its error ends the call.
func WithMetadataFunc(headers func(context.Context) (metadata.MD, error)) Option {
	return func(s *settings) { s.metadata = headers }
}

// WithDialOptions gives options of gRPC's channels; they win over those that this package sets.
func WithDialOptions(options ...grpc.DialOption) Option {
	return func(s *settings) { s.dialOptions = append(s.dialOptions, options...) }
}

// newSettings reads the target and then the options, and checks the values against each other. An error names the
// option that is wrong.
func newSettings(target string, options []Option) (settings, error) {
	made := settings{onStale: RejectStale, deadline: 10 * time.Second, streamIdle: 30 * time.Second}
	if err := made.readTarget(target); err != nil {
		return settings{}, err
	}
	for _, option := range options {
		option(&made)
	}
	return made, made.check()
}

func (s *settings) check() error {
	switch {
	case s.target == "":
		return errors.New("sessiond: the target is empty; it is host:port, sessiond://host:port or a gRPC target")
	case s.onStale != RejectStale && s.onStale != AppendStale:
		return fmt.Errorf(`sessiond: on_stale is "reject" or "append", not %q`, s.onStale)
	case s.deadline <= 0:
		return fmt.Errorf("sessiond: deadline is a time above 0, not %v", s.deadline)
	case s.streamIdle <= 0:
		return fmt.Errorf("sessiond: stream_idle is a time above 0, not %v", s.streamIdle)
	case (s.certFile == "") != (s.keyFile == ""):
		return errors.New("sessiond: cert_file and key_file go together")
	case s.credentials != nil && (s.caFile != "" || s.certFile != ""):
		return errors.New("sessiond: credentials exclude ca_file, cert_file and key_file")
	}
	return nil
}

// encrypted says whether the connection uses TLS.
func (s *settings) encrypted() bool {
	return s.tls || s.credentials != nil || s.caFile != "" || s.certFile != ""
}
