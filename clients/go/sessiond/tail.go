package sessiond

import (
	"context"
	"iter"

	grpcstatus "google.golang.org/grpc/status"

	pb "sessiond.dev/go/sessiond/v1"
	"sessiond.dev/go/tail"
)

// Tail follows a session as tail.Follow does, over this service's channel for tails and with its metadata and errors;
// options.Metadata is not asked. EventFromProto makes ADK's events of those in the updates. Closing the service ends the
// tail.
func (s *SessionService) Tail(ctx context.Context, key *pb.SessionKey, options tail.Options) iter.Seq2[tail.Update, error] {
	options.Metadata = s.connection.settings.metadata
	return func(yield func(tail.Update, error) bool) {
		for update, err := range tail.Follow(ctx, s.connection.tail, key, options) {
			if err != nil && ctx.Err() != nil {
				err = fromContext(ctx, "StreamEvents")
			} else if _, told := grpcstatus.FromError(err); err != nil && told {
				err = fromRPCError(err, key.GetSessionId(), nil)
			}
			if !yield(update, err) {
				return
			}
		}
	}
}
