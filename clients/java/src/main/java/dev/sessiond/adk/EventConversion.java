package dev.sessiond.adk;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.DecimalNode;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.adk.Version;
import com.google.adk.events.Event;
import com.google.genai.types.FinishReason;
import com.google.protobuf.ByteString;
import dev.sessiond.v1.ToolIds;
import dev.sessiond.v1.Writer;
import java.math.BigDecimal;
import java.util.UUID;
import java.util.function.UnaryOperator;

/**
 * ADK's events to and from the messages of the wire. An event's envelope is typed. The rest travels
 * as JSON text in ADK's canonical form, which the server keeps byte for byte.
 *
 * <table>
 * <caption>How Java writes and reads each field</caption>
 * <tr><th>Java<th>wire<th>written<th>read
 * <tr><td>id<td>id<td>as it is; a UUID where it is empty<td>as it is
 * <tr><td>invocationId, author, branch, errorMessage<td>the same<td>absent where null<td>null where
 *     absent
 * <tr><td>timestamp<td>timestamp<td>milliseconds / 1000 as a double<td>the nearest millisecond
 * <tr><td>partial, turnComplete, interrupted<td>the same<td>absent where empty (partial events are
 *     not sent)<td>the same
 * <tr><td>errorCode<td>error_code<td>the name of the FinishReason<td>any name
 * <tr><td>longRunningToolIds<td>long_running_tool_ids<td>sorted; absent differs from empty<td>a set
 * <tr><td>actions.stateDelta<td>state_delta, removed_state_keys<td>REMOVED is a removed key, temp:
 *     is left out, else JSON text<td>a removed key and JSON's null are REMOVED
 * <tr><td>actions, the rest<td>actions<td>camelCase; compaction's times in seconds; empty maps and
 *     false endOfAgent as ADK has them; what is null is absent<td>unknown keys are left out;
 *     compaction's times to the nearest millisecond
 * <tr><td>content<td>content<td>camelCase, standard base64, durations as 1.5s<td>both alphabets of
 *     base64
 * <tr><td>groundingMetadata<td>grounding_metadata<td>as content<td>as content
 * <tr><td>customMetadata<td>custom_metadata<td>an array of {key, stringValue | numericValue |
 *     stringListValue}<td>an array; or an object of any other language, of which each entry becomes
 *     one: text, numbers (as float) and lists of texts as such, anything else as its JSON text
 * <tr><td>finishReason, usageMetadata, avgLogprobs, modelVersion, inputTranscription,
 *     outputTranscription, and whatever ADK adds<td>extra<td>camelCase<td>unknown keys are left out
 * </table>
 *
 * <p>Fields that cannot be read at all make an {@link UnreadableEventException}; a null where the
 * model has none is taken as absent.
 */
public final class EventConversion {
  /** Leaves out of an event's JSON what the envelope has. */
  @JsonIgnoreProperties({
    "id",
    "invocationId",
    "author",
    "timestamp",
    "branch",
    "partial",
    "turnComplete",
    "interrupted",
    "errorCode",
    "errorMessage",
    "longRunningToolIds"
  })
  interface Payloads {}

  /** Leaves out of the actions' JSON what travels beside them; temp: state may hold anything. */
  @JsonIgnoreProperties("stateDelta")
  interface ActionsPayload {}

  private static final Writer WRITER =
      Writer.newBuilder().setLanguage("java").setAdkVersion(adkVersion()).build();

  private EventConversion() {}

  /**
   * Writes an event without its {@code temp:} state. The same event always gives the same message.
   *
   * @throws InvalidRequestException a text that UTF-8, or a value that JSON, cannot carry.
   */
  static dev.sessiond.v1.Event toProto(Event event) {
    // Without an id of its own an append could not be repeated safely.
    String id =
        event.id() == null || event.id().isEmpty() ? UUID.randomUUID().toString() : event.id();
    dev.sessiond.v1.Event.Builder message =
        dev.sessiond.v1.Event.newBuilder()
            .setId(Texts.utf8("event id", id))
            .setTimestamp(Times.seconds(event.timestamp()))
            .setWriter(WRITER);
    if (event.invocationId() != null) {
      message.setInvocationId(Texts.utf8("invocationId", event.invocationId()));
    }
    if (event.author() != null) {
      message.setAuthor(Texts.utf8("author", event.author()));
    }
    event.branch().ifPresent(branch -> message.setBranch(Texts.utf8("branch", branch)));
    event.partial().ifPresent(message::setPartial);
    event.turnComplete().ifPresent(message::setTurnComplete);
    event.interrupted().ifPresent(message::setInterrupted);
    event
        .errorCode()
        .map(FinishReason::toString)
        .ifPresent(code -> message.setErrorCode(Texts.utf8("errorCode", code)));
    event
        .errorMessage()
        .ifPresent(text -> message.setErrorMessage(Texts.utf8("errorMessage", text)));
    event
        .longRunningToolIds()
        .ifPresent(
            ids ->
                message.setLongRunningToolIds(
                    ToolIds.newBuilder()
                        .addAllIds(
                            ids.stream()
                                .sorted()
                                .map(one -> Texts.utf8("longRunningToolIds", one))
                                .toList())));
    if (event.actions() != null && event.actions().stateDelta() != null) {
      StateConversion.writeDelta(event.actions().stateDelta(), message);
    }
    writePayloads(event, message);
    return message.build();
  }

  /**
   * Reads an event that any language wrote.
   *
   * @throws UnreadableEventException the event does not fit this version of ADK.
   */
  public static Event fromProto(dev.sessiond.v1.Event message) {
    try {
      ObjectNode data = object(message.getExtra());
      readEnvelope(message, data);
      if (!message.getContent().isEmpty()) {
        data.set("content", JsonText.MAPPER.readTree(message.getContent()));
      }
      if (!message.getGroundingMetadata().isEmpty()) {
        data.set("groundingMetadata", JsonText.MAPPER.readTree(message.getGroundingMetadata()));
      }
      if (!message.getCustomMetadata().isEmpty()) {
        data.set(
            "customMetadata",
            CustomMetadataConversion.read(JsonText.MAPPER.readTree(message.getCustomMetadata())));
      }
      ObjectNode actions = object(message.getActions().toStringUtf8());
      compactionTimes(actions, time -> LongNode.valueOf(Times.milliseconds(time.asDouble())));
      data.set("actions", actions);
      Event event = make(data);
      StateConversion.readDelta(message, event.actions().stateDelta());
      return event;
    } catch (JsonProcessingException error) {
      throw new UnreadableEventException(
          "Event '%s' does not fit this version of google-adk: %s"
              .formatted(message.getId(), error.getMessage()),
          null,
          error);
    }
  }

  private static void writePayloads(Event event, dev.sessiond.v1.Event.Builder message) {
    try {
      ObjectNode payloads = JsonText.MAPPER.valueToTree(event);
      if (payloads.remove("actions") instanceof ObjectNode actions) {
        compactionTimes(actions, time -> DecimalNode.valueOf(BigDecimal.valueOf(time.asLong(), 3)));
        message.setActions(ByteString.copyFromUtf8(JsonText.write(actions)));
      }
      JsonNode content = payloads.remove("content");
      if (content != null) {
        message.setContent(JsonText.write(content));
      }
      JsonNode grounding = payloads.remove("groundingMetadata");
      if (grounding != null) {
        message.setGroundingMetadata(JsonText.write(grounding));
      }
      JsonNode custom = payloads.remove("customMetadata");
      if (custom != null) {
        message.setCustomMetadata(JsonText.write(custom));
      }
      if (!payloads.isEmpty()) {
        message.setExtra(JsonText.write(payloads));
      }
    } catch (JsonProcessingException | IllegalArgumentException error) {
      throw Errors.invalid(
          "event '%s' has what JSON cannot carry: %s".formatted(event.id(), error.getMessage()),
          error);
    }
  }

  /** The envelope wins over what extra may have. */
  private static void readEnvelope(dev.sessiond.v1.Event message, ObjectNode data) {
    for (String name : Payloads.class.getAnnotation(JsonIgnoreProperties.class).value()) {
      data.remove(name);
    }
    data.put("id", message.getId());
    data.put("timestamp", Times.milliseconds(message.getTimestamp()));
    if (message.hasInvocationId()) {
      data.put("invocationId", message.getInvocationId());
    }
    if (message.hasAuthor()) {
      data.put("author", message.getAuthor());
    }
    if (message.hasBranch()) {
      data.put("branch", message.getBranch());
    }
    if (message.hasPartial()) {
      data.put("partial", message.getPartial());
    }
    if (message.hasTurnComplete()) {
      data.put("turnComplete", message.getTurnComplete());
    }
    if (message.hasInterrupted()) {
      data.put("interrupted", message.getInterrupted());
    }
    if (message.hasErrorCode()) {
      data.put("errorCode", message.getErrorCode());
    }
    if (message.hasErrorMessage()) {
      data.put("errorMessage", message.getErrorMessage());
    }
    if (message.hasLongRunningToolIds()) {
      ArrayNode ids = data.putArray("longRunningToolIds");
      message.getLongRunningToolIds().getIdsList().forEach(ids::add);
    }
  }

  private static Event make(ObjectNode data) throws JsonProcessingException {
    while (true) {
      try {
        return JsonText.MAPPER.treeToValue(data, Event.class);
      } catch (JsonMappingException error) {
        // Each round takes a null out of the data, so this ends.
        if (!withoutNull(data, error)) {
          throw error;
        }
      }
    }
  }

  /** Removes the null that a model refused. Whether it was one. */
  private static boolean withoutNull(JsonNode data, JsonMappingException error) {
    JsonNode parent = null;
    JsonNode node = data;
    String name = null;
    int index = -1;
    for (JsonMappingException.Reference step : error.getPath()) {
      parent = node;
      name = step.getFieldName();
      index = step.getIndex();
      node = name != null ? parent.get(name) : parent.get(index);
      if (node == null) {
        return false;
      }
    }
    if (parent == null || !node.isNull()) {
      return false;
    }
    if (name != null) {
      ((ObjectNode) parent).remove(name);
    } else {
      ((ArrayNode) parent).remove(index);
    }
    return true;
  }

  private static ObjectNode object(String text) throws JsonProcessingException {
    if (text.isEmpty()) {
      return JsonText.MAPPER.createObjectNode();
    }
    if (JsonText.MAPPER.readTree(text) instanceof ObjectNode object) {
      return object;
    }
    throw new JsonMappingException(null, "not a JSON object");
  }

  private static void compactionTimes(ObjectNode actions, UnaryOperator<JsonNode> unit) {
    if (actions.get("compaction") instanceof ObjectNode compaction) {
      for (String name : new String[] {"startTimestamp", "endTimestamp"}) {
        JsonNode time = compaction.get(name);
        if (time != null && time.isNumber()) {
          compaction.set(name, unit.apply(time));
        }
      }
    }
  }

  /** Of the ADK that runs; the constant would be that of the one that this was compiled with. */
  private static String adkVersion() {
    try {
      return String.valueOf(Version.class.getField("JAVA_ADK_VERSION").get(null));
    } catch (ReflectiveOperationException error) {
      return "";
    }
  }
}
