package tail

import (
	"context"
	"iter"
	"math/rand/v2"
	"slices"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	grpcstatus "google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"sessiond.dev/go/internal/transport"
	pb "sessiond.dev/go/sessiond/v1"
	"sessiond.dev/go/status"
)

// Options say where a tail begins, and how it waits.
type Options struct {
	// Cursor goes on after the update that carried it; excludes the three below.
	Cursor string
	// AfterSeq: only events after this seq.
	AfterSeq *int64
	// AfterTime: only events of the history with this timestamp or later.
	AfterTime time.Time
	// NumRecentEvents: only the newest n events of the history; 0 is none.
	NumRecentEvents *int32
	// SessionUID is the uid that the session must have; needed with an AfterSeq that was kept from an earlier run.
	SessionUID string
	// Heartbeat is how long the connection may be silent before the server sends a heartbeat, 1 s to 60 s; 15 s where it
	// is 0. After two and a half of what the server grants it counts as lost.
	Heartbeat time.Duration
	// Backoff is the waits between attempts.
	Backoff Backoff
	// Metadata gives the headers of every call. Its error ends the tail.
	Metadata func(context.Context) (metadata.MD, error)
}

// Backoff is how long to wait before a lost stream is opened again: doubling, with full jitter.
type Backoff struct {
	// Initial is the longest wait before the first attempt; 0.25 s where it is 0.
	Initial time.Duration
	// Longest is the longest wait before any attempt; 10 s where it is 0.
	Longest time.Duration
}

// Dial makes a channel for tails to host:port or another gRPC target, with the keepalive and the limits that streams of
// sessiond need. grpc.WithTransportCredentials has to be among the options.
func Dial(target string, options ...grpc.DialOption) (*grpc.ClientConn, error) {
	return grpc.NewClient(target, append(transport.DialOptions(true), options...)...)
}

// Follow follows a session from its first event, or another place, for as long as the caller iterates, over a channel
// that is best one without unary calls (Dial).
//
// It reconnects by itself and ends after Ended, or with an error: the context's, ErrGap, or gRPC's error that no
// reconnect would change (status.Reason names it). Leaving the loop ends the call at the server, too. Nothing is read
// ahead of the caller beyond what gRPC's flow control lets through, and a caller that thinks for long loses nothing.
func Follow(
	ctx context.Context, channel grpc.ClientConnInterface, key *pb.SessionKey, options Options,
) iter.Seq2[Update, error] {
	return func(yield func(Update, error) bool) {
		follower := newFollower(channel, options.request(key))
		for failures := 0; ; {
			headed, err := transport.WithHeaders(ctx, options.Metadata)
			if err != nil {
				yield(nil, err)
				return
			}
			lost, goesOn := follower.connection(headed, yield)
			if !goesOn {
				return
			}
			failures++
			if lost.progressed || lost.moved {
				failures = 0
			}
			delay := options.Backoff.delay(failures)
			if asked, ok := status.RetryDelay(lost.err); ok {
				delay += asked
			}
			if !yield(Waiting{Delay: delay, Err: lost.err}, nil) {
				return
			}
			timer := time.NewTimer(delay)
			select {
			case <-timer.C:
			case <-ctx.Done():
				timer.Stop()
				yield(nil, ctx.Err())
				return
			}
		}
	}
}

func (o Options) request(key *pb.SessionKey) *pb.StreamEventsRequest {
	request := &pb.StreamEventsRequest{
		Key: key, Cursor: o.Cursor, AfterSeq: o.AfterSeq, NumRecentEvents: o.NumRecentEvents,
		SessionUid: o.SessionUID, Follow: true,
	}
	if !o.AfterTime.IsZero() {
		after := float64(o.AfterTime.UnixMicro()) / 1e6
		request.AfterTime = &after
	}
	if o.Heartbeat != 0 {
		request.HeartbeatInterval = durationpb.New(o.Heartbeat)
	}
	return request
}

func (b Backoff) delay(failures int) time.Duration {
	initial, longest := b.Initial, b.Longest
	if initial == 0 {
		initial = 250 * time.Millisecond
	}
	if longest == 0 {
		longest = 10 * time.Second
	}
	// Beyond so many doublings any wait is the longest.
	wait := longest
	if failures < 20 && initial < longest>>failures {
		wait = initial << failures
	}
	return time.Duration(rand.Float64() * float64(wait))
}

// Codes that the same request meets again, whenever it is made. Any other failure may be what a lost connection, a proxy
// or a server that was killed look like.
var lasting = []codes.Code{
	codes.InvalidArgument, codes.NotFound, codes.AlreadyExists, codes.PermissionDenied, codes.FailedPrecondition,
	codes.Aborted, codes.OutOfRange, codes.Unimplemented, codes.Unauthenticated, codes.DataLoss,
}

func canReconnect(err error) bool {
	return !slices.Contains(lasting, grpcstatus.Code(err)) || status.Reason(err) == "CONTENTION"
}
