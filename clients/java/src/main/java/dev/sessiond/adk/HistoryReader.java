package dev.sessiond.adk;

import com.google.adk.events.Event;
import dev.sessiond.internal.FrameCall;
import dev.sessiond.v1.Session;
import dev.sessiond.v1.StreamEventsRequest;
import dev.sessiond.v1.StreamEventsResponse;
import io.grpc.Channel;
import io.reactivex.rxjava3.core.Single;
import io.reactivex.rxjava3.core.SingleEmitter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads the frames of one history. */
final class HistoryReader implements FrameCall.Receiver {
  private final FrameCall call;
  private final Duration idle;
  private final Runnable answered;
  private final SingleEmitter<History> emitter;
  private final List<Event> events = new ArrayList<>();
  private Session.@Nullable Builder session;
  private boolean complete;

  private HistoryReader(
      FrameCall call, Duration idle, Runnable answered, SingleEmitter<History> emitter) {
    this.call = call;
    this.idle = idle;
    this.answered = answered;
    this.emitter = emitter;
  }

  /**
   * Reads a history once. It fails with the call's error, or with an {@link
   * UnreadableEventException}.
   *
   * @param idle how long the stream may stand still.
   * @param answered is told of every frame.
   */
  static Single<History> read(
      Channel channel, StreamEventsRequest request, Duration idle, Runnable answered) {
    return Single.create(
        emitter -> {
          FrameCall call = new FrameCall(channel, request);
          emitter.setCancellable(call::cancel);
          call.next(idle, new HistoryReader(call, idle, answered, emitter));
        });
  }

  @Override
  public void frame(StreamEventsResponse frame) {
    answered.run();
    try {
      switch (frame.getFrameCase()) {
        case OPENED -> session = frame.getOpened().getSession().toBuilder();
        case STATE -> {
          if (session != null) {
            session.putAllState(frame.getState().getStateMap());
          }
        }
        case EVENTS ->
            frame
                .getEvents()
                .getEventsList()
                .forEach(event -> events.add(EventConversion.fromProto(event)));
        case CAUGHT_UP -> complete = true;
        default -> {} // a frame that is not known here
      }
    } catch (RuntimeException error) {
      emitter.tryOnError(error);
      return;
    }
    call.next(idle, this);
  }

  @Override
  public void ended(@Nullable RuntimeException error) {
    if (error != null) {
      emitter.tryOnError(error);
    } else if (session == null || !complete) {
      emitter.tryOnError(
          new SessiondException("The server ended a history before it was complete.", null, null));
    } else {
      emitter.onSuccess(new History(session.build(), events));
    }
  }
}
