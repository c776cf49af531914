package dev.sessiond.tail;

import dev.sessiond.RpcStatus;
import dev.sessiond.internal.FrameCall;
import dev.sessiond.internal.Headers;
import dev.sessiond.internal.SilenceException;
import dev.sessiond.internal.Timers;
import dev.sessiond.v1.ClosingReason;
import dev.sessiond.v1.SessionKey;
import dev.sessiond.v1.StreamEventsResponse;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.reactivex.rxjava3.disposables.Disposable;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;

/**
 * One subscription to a tail: for each update that is requested it takes frames until one tells
 * something, over as many connections as that needs.
 *
 * <p>At any time at most one thing is under way: a frame is waited for, or a wait between two
 * connections runs. {@code requested} hands this turn over: who takes it from 0 begins, and who
 * leaves it above 0 goes on. So all that is not volatile here is touched by one thread after
 * another.
 */
final class TailSubscription implements Subscription, FrameCall.Receiver {
  /**
   * Codes that the same request meets again, whenever it is made. Any other failure may be what a
   * lost connection, a proxy or a server that was killed look like.
   */
  private static final Set<Status.Code> LASTING =
      EnumSet.of(
          Status.Code.INVALID_ARGUMENT,
          Status.Code.NOT_FOUND,
          Status.Code.ALREADY_EXISTS,
          Status.Code.PERMISSION_DENIED,
          Status.Code.FAILED_PRECONDITION,
          Status.Code.ABORTED,
          Status.Code.OUT_OF_RANGE,
          Status.Code.UNIMPLEMENTED,
          Status.Code.UNAUTHENTICATED,
          Status.Code.DATA_LOSS);

  private final ManagedChannel channel;
  private final TailOptions options;
  private final Subscriber<? super Update> subscriber;
  private final Follower follower;
  private final AtomicLong requested = new AtomicLong();
  private volatile boolean cancelled;
  private volatile @Nullable FrameCall call;
  private volatile @Nullable Disposable pause;

  /** The wait that was told and has yet to be made. */
  private @Nullable Duration delay;

  private int failures;

  /** Whether frames of use came over this connection, so that waiting begins anew. */
  private boolean progressed;

  TailSubscription(
      ManagedChannel channel,
      SessionKey key,
      TailOptions options,
      Subscriber<? super Update> subscriber) {
    this.channel = channel;
    this.options = options;
    this.subscriber = subscriber;
    follower = new Follower(key, options.place());
  }

  void start() {
    subscriber.onSubscribe(this);
  }

  @Override
  public void request(long number) {
    if (number <= 0) {
      if (!cancelled) {
        cancel();
        subscriber.onError(new IllegalArgumentException("request(" + number + ")"));
      }
      return;
    }
    long before =
        requested.getAndUpdate(
            have -> have > Long.MAX_VALUE - number ? Long.MAX_VALUE : have + number);
    if (before == 0) {
      proceed();
    }
  }

  @Override
  public void cancel() {
    cancelled = true;
    FrameCall running = call;
    if (running != null) {
      running.cancel();
    }
    Disposable waiting = pause;
    if (waiting != null) {
      waiting.dispose();
    }
  }

  @Override
  public void frame(StreamEventsResponse frame) {
    try {
      if (frame.hasClosing()) {
        closing(frame);
        return;
      }
      Update update = follower.update(frame);
      if (update == null) {
        proceed();
        return;
      }
      progressed |= update instanceof Update.Events || update instanceof Update.CaughtUp;
      emit(update);
    } catch (RuntimeException error) {
      fail(error);
    }
  }

  @Override
  public void ended(@Nullable RuntimeException error) {
    call = null;
    if (cancelled) {
      return;
    }
    if (channel.isShutdown() || (error != null && !canReconnect(error))) {
      fail(error != null ? error : Status.CANCELLED.asRuntimeException());
      return;
    }
    // Without `closing` a stream that ended was cut, whatever its status.
    lost(error, false);
  }

  /** Goes on: waits, connects, or asks for the next frame. */
  private void proceed() {
    if (cancelled) {
      return;
    }
    FrameCall running = call;
    if (running != null) {
      running.next(follower.silence(), this);
    } else if (delay != null) {
      Duration wait = delay;
      delay = null;
      pause = Timers.after(wait, this::connect);
      if (cancelled) {
        cancel();
      }
    } else {
      connect();
    }
  }

  private void connect() {
    if (cancelled) {
      return;
    }
    pause = null;
    progressed = false;
    // gRPC itself waits up to two minutes before it looks again whether a server is back.
    channel.resetConnectBackoff();
    FrameCall made;
    try {
      made = new FrameCall(Headers.on(channel, options.metadata()), follower.request());
    } catch (RuntimeException error) { // the caller's headers
      fail(error);
      return;
    }
    call = made;
    if (cancelled) {
      made.cancel();
      return;
    }
    made.next(follower.silence(), this);
  }

  private void closing(StreamEventsResponse frame) {
    FrameCall running = call;
    call = null;
    if (running != null) {
      running.cancel();
    }
    TailEnd end =
        switch (frame.getClosing().getReason()) {
          case CLOSING_REASON_SESSION_DELETED -> TailEnd.DELETED;
          case CLOSING_REASON_SESSION_RECREATED -> TailEnd.RECREATED;
          case CLOSING_REASON_EVENTS_TRIMMED -> TailEnd.TRIMMED;
          default -> null;
        };
    if (end == null) {
      boolean slow = frame.getClosing().getReason() == ClosingReason.CLOSING_REASON_SLOW_READER;
      lost(null, !slow);
      return;
    }
    if (!cancelled) {
      subscriber.onNext(new Update.Ended(frame.getCursor(), frame.getSeq(), end));
    }
    if (!cancelled) {
      cancelled = true;
      subscriber.onComplete();
    }
  }

  /**
   * Tells of a lost connection, and has the next one made after a while.
   *
   * @param moved whether the server is well and only wants the stream to be opened again.
   */
  private void lost(@Nullable RuntimeException error, boolean moved) {
    failures = progressed || moved ? 0 : failures + 1;
    long most = options.backoff().after(failures).toNanos();
    Duration asked =
        error instanceof StatusRuntimeException status
            ? RpcStatus.of(status).retryDelay().orElse(Duration.ZERO)
            : Duration.ZERO;
    // Jitter, so that the clients of a server that went down do not come back all at once.
    Duration wait = asked.plusNanos(ThreadLocalRandom.current().nextLong(most + 1));
    delay = wait;
    emit(new Update.Waiting(wait, error));
  }

  private void emit(Update update) {
    if (cancelled) {
      return;
    }
    subscriber.onNext(update);
    if (!cancelled && requested.decrementAndGet() > 0) {
      proceed();
    }
  }

  private void fail(RuntimeException error) {
    if (!cancelled) {
      cancel();
      subscriber.onError(error);
    }
  }

  private static boolean canReconnect(RuntimeException error) {
    if (error instanceof SilenceException) {
      return true;
    }
    if (!(error instanceof StatusRuntimeException status)) {
      return false;
    }
    return !LASTING.contains(status.getStatus().getCode())
        || RpcStatus.of(status).reason().equals("CONTENTION");
  }
}
