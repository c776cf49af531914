package dev.sessiond.internal;

import dev.sessiond.v1.SessionServiceGrpc;
import dev.sessiond.v1.StreamEventsRequest;
import dev.sessiond.v1.StreamEventsResponse;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.reactivex.rxjava3.disposables.Disposable;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * One call of StreamEvents whose frames are asked for one by one. What is not asked for stays in
 * gRPC's flow control, so a reader that takes its time costs no memory.
 */
public final class FrameCall {
  /** What comes of asking for a frame: one of the two, once. */
  public interface Receiver {
    /** The next frame. */
    void frame(StreamEventsResponse frame);

    /**
     * There are no more.
     *
     * @param error null where the stream ended with OK; a {@link StatusRuntimeException}, or a
     *     {@link SilenceException}.
     */
    void ended(@Nullable RuntimeException error);
  }

  private final ClientCall<StreamEventsRequest, StreamEventsResponse> call;
  private @Nullable Receiver waiting;
  private @Nullable Disposable timer;
  private long asked;
  private volatile boolean over;
  private volatile @Nullable RuntimeException error;

  /** Opens the stream. It has no deadline: silence ends it. */
  public FrameCall(Channel channel, StreamEventsRequest request) {
    call = channel.newCall(SessionServiceGrpc.getStreamEventsMethod(), CallOptions.DEFAULT);
    call.start(new Listener(), new Metadata());
    call.sendMessage(request);
    call.halfClose();
  }

  /**
   * Asks for the next frame. Not to be called while one is being waited for.
   *
   * @param silence how long to wait for it; afterwards the stream counts as lost and is cancelled.
   * @param receiver is told, perhaps at once, perhaps by another thread.
   */
  public void next(Duration silence, Receiver receiver) {
    boolean open;
    synchronized (this) {
      open = !over;
      if (open) {
        long number = ++asked;
        waiting = receiver;
        timer = Timers.after(silence, () -> silent(number, silence));
      }
    }
    if (open) {
      call.request(1);
    } else {
      receiver.ended(error);
    }
  }

  /** Ends the call, also at the server. Nobody is told anything any more. */
  public void cancel() {
    synchronized (this) {
      stopWaiting();
      over = true;
    }
    call.cancel("the reader has left", null);
  }

  private void silent(long number, Duration silence) {
    Receiver receiver;
    synchronized (this) {
      // A timer that was stopped may be on its way already, while the next frame is waited for.
      if (number != asked || waiting == null) {
        return;
      }
      receiver = stopWaiting();
      over = true;
    }
    call.cancel("nothing came", null);
    receiver.ended(new SilenceException(silence));
  }

  private @Nullable Receiver stopWaiting() {
    Receiver receiver = waiting;
    waiting = null;
    if (timer != null) {
      timer.dispose();
      timer = null;
    }
    return receiver;
  }

  private final class Listener extends ClientCall.Listener<StreamEventsResponse> {
    @Override
    public void onMessage(StreamEventsResponse frame) {
      Receiver receiver;
      synchronized (FrameCall.this) {
        receiver = stopWaiting();
      }
      if (receiver != null) {
        receiver.frame(frame);
      }
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      Receiver receiver;
      synchronized (FrameCall.this) {
        if (over) {
          return;
        }
        error = status.isOk() ? null : status.asRuntimeException(trailers);
        over = true;
        receiver = stopWaiting();
      }
      if (receiver != null) {
        receiver.ended(error);
      }
    }
  }
}
