package dev.sessiond.adk;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.adk.Version;
import com.google.adk.events.Event;
import com.google.adk.events.EventActions;
import com.google.adk.events.ToolConfirmation;
import com.google.adk.sessions.State;
import com.google.genai.types.Content;
import com.google.genai.types.CustomMetadata;
import com.google.genai.types.FinishReason;
import com.google.genai.types.FunctionCall;
import com.google.genai.types.Part;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.sessiond.support.Events;
import dev.sessiond.v1.ToolIds;
import java.math.BigInteger;
import java.time.Instant;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Every field of an event, to the wire and back, and what other languages write. */
@Tag("contract")
class ConversionTest {
  private static Event throughTheWire(Event event) {
    try {
      byte[] bytes = EventConversion.toProto(event).toByteArray();
      return EventConversion.fromProto(dev.sessiond.v1.Event.parseFrom(bytes));
    } catch (InvalidProtocolBufferException error) {
      throw new AssertionError(error);
    }
  }

  private static JsonNode json(String text) throws Exception {
    return JsonText.MAPPER.readTree(text);
  }

  private static dev.sessiond.v1.Event.Builder foreign() {
    return dev.sessiond.v1.Event.newBuilder().setId("ev-7").setAuthor("a").setTimestamp(1.5);
  }

  private static Event changing(String key, Object value) {
    Event event = Event.builder().id("1").author("a").build();
    event.actions().stateDelta().put(key, value);
    return event;
  }

  private static String stateText(Object value) {
    return EventConversion.toProto(changing("k", value)).getStateDeltaMap().get("k");
  }

  @Test
  void aFullEventComesBack() {
    Event event = Events.full();
    String before = event.toJson();
    Event back = throughTheWire(event);
    assertEquals(EventConversion.toProto(event), EventConversion.toProto(back));
    assertEquals(before, event.toJson());
    assertEquals(event.customMetadata(), back.customMetadata());
    assertEquals(event.actions(), back.actions());
    assertEquals(event.longRunningToolIds(), back.longRunningToolIds());
    assertEquals(event.timestamp(), back.timestamp());
    assertArrayEquals(
        event.content().get().parts().get().get(0).thoughtSignature().get(),
        back.content().get().parts().get().get(0).thoughtSignature().get());
  }

  @Test
  void theWireFormIsCanonical() throws Exception {
    dev.sessiond.v1.Event message = EventConversion.toProto(Events.full());
    assertEquals(1742000000.123, message.getTimestamp());
    assertEquals(List.of("a", "b"), message.getLongRunningToolIds().getIdsList());
    assertEquals("SAFETY", message.getErrorCode());
    assertTrue(message.hasErrorMessage());
    assertFalse(message.hasPartial());
    assertEquals(Map.of("k", "1.0", "user:u", "[1]", "app:a", "\"x\""), message.getStateDeltaMap());
    assertEquals(List.of("app:gone", "gone"), message.getRemovedStateKeysList());
    assertEquals("java", message.getWriter().getLanguage());
    assertEquals(
        Version.class.getField("JAVA_ADK_VERSION").get(null), message.getWriter().getAdkVersion());
    JsonNode actions = json(message.getActions().toStringUtf8());
    assertFalse(actions.has("stateDelta"));
    assertEquals("[\"old.txt\",\"older.txt\"]", actions.get("deletedArtifactIds").toString());
    assertTrue(message.getActions().toStringUtf8().contains("\"startTimestamp\":1.500"));
    assertTrue(message.getActions().toStringUtf8().contains("\"endTimestamp\":1742000000.123"));
    JsonNode parts = json(message.getContent()).get("parts");
    assertEquals("+//+", parts.get(0).get("thoughtSignature").textValue());
    assertEquals("1.5s", parts.get(4).get("videoMetadata").get("startOffset").textValue());
    assertEquals(
        "{\"z\":null,\"a\":[1,1.0,null,{},1180591620717411303424,9007199254740992]}",
        parts.get(1).get("functionCall").get("args").toString());
    assertEquals(
        "+//+",
        json(message.getGroundingMetadata()).get("searchEntryPoint").get("sdkBlob").textValue());
    assertEquals(
        "[{\"key\":\"text\",\"stringValue\":\"x\"},{\"key\":\"text\",\"numericValue\":0.1},"
            + "{\"stringListValue\":{\"values\":[\"a\",\"b\"]}}]",
        message.getCustomMetadata());
    assertEquals(
        "{\"finishReason\":\"SOMETHING_NEW\",\"usageMetadata\":{\"promptTokenCount\":1},"
            + "\"avgLogprobs\":-0.25,\"modelVersion\":\"m-1\"}",
        sorted(
            json(message.getExtra()),
            "finishReason",
            "usageMetadata",
            "avgLogprobs",
            "modelVersion"));
  }

  /** Without the content, as ADK's own JSON has durations in another form. */
  private static dev.sessiond.v1.Event without(dev.sessiond.v1.Event message) {
    return message.toBuilder().clearContent().build();
  }

  /** The fields of an object in this order; there are no others. */
  private static String sorted(JsonNode object, String... names) {
    var copy = JsonText.MAPPER.createObjectNode();
    for (String name : names) {
      copy.set(name, object.get(name));
    }
    assertEquals(names.length, object.size());
    return copy.toString();
  }

  @Test
  void theSameEventIsTheSameBytes() throws Exception {
    dev.sessiond.v1.Event first = EventConversion.toProto(Events.full());
    assertEquals(first, EventConversion.toProto(Events.full()));
    // ADK's JSON has a text in the place of what is removed.
    String text = Events.full().toJson();
    assertTrue(text.contains("__ADK_SENTINEL_REMOVED__"));
    assertEquals(without(first), without(EventConversion.toProto(Event.fromJson(text))));
    // Map.of and Set.of have another order in every process.
    assertEquals("{\"a\":1,\"b\":2,\"c\":3}", stateText(Map.of("b", 2, "a", 1, "c", 3)));
    assertEquals("[\"a\",\"b\",\"c\"]", stateText(Set.of("b", "a", "c")));
    Map<String, Object> ordered = new LinkedHashMap<>();
    ordered.put("z", 1);
    ordered.put("a", Set.of(3, 2));
    assertEquals("{\"z\":1,\"a\":[2,3]}", stateText(ordered));
    assertEquals(
        "{\"m\":{\"a\":1,\"b\":[{\"c\":1,\"d\":2}]}}",
        stateText(Map.of("m", Map.of("b", List.of(Map.of("d", 2, "c", 1)), "a", 1))));
  }

  @Test
  void anEmptyEvent() {
    Event event = Event.builder().id("x").build();
    dev.sessiond.v1.Event message = EventConversion.toProto(event);
    assertEquals("", message.getContent() + message.getGroundingMetadata());
    assertEquals("", message.getCustomMetadata() + message.getExtra());
    assertFalse(message.hasAuthor());
    assertFalse(message.hasInvocationId());
    assertFalse(message.hasLongRunningToolIds());
    Event back = throughTheWire(event);
    assertNull(back.author());
    assertNull(back.invocationId());
    assertEquals(event, back);
  }

  @Test
  void absentDiffersFromEmpty() {
    Event none = Event.builder().id("1").build();
    Event empty = none.toBuilder().longRunningToolIds(Set.of()).author("").branch("").build();
    assertEquals(Optional.empty(), throughTheWire(none).longRunningToolIds());
    assertEquals(Optional.of(Set.of()), throughTheWire(empty).longRunningToolIds());
    assertEquals("", throughTheWire(empty).author());
    assertEquals(Optional.of(""), throughTheWire(empty).branch());
    for (Boolean value : new Boolean[] {null, true, false}) {
      Event flagged = none.toBuilder().turnComplete(value).interrupted(value).build();
      assertEquals(Optional.ofNullable(value), throughTheWire(flagged).turnComplete());
      assertEquals(Optional.ofNullable(value), throughTheWire(flagged).interrupted());
    }
  }

  @Test
  void millisecondsAreExact() {
    for (long time :
        new long[] {0, 1, -1, 1_742_000_000_123L, -62_135_596_800_000L, 253_402_300_799_999L}) {
      Event event = Event.builder().id("1").timestamp(time).build();
      assertEquals(time, throughTheWire(event).timestamp());
      Instant instant = Instant.ofEpochMilli(time);
      assertEquals(EventConversion.toProto(event).getTimestamp(), Times.seconds(instant));
      assertEquals(instant, Times.instant(Times.seconds(time)));
    }
  }

  @Test
  void otherTimesAreTheNearest() {
    assertEquals(
        1_742_000_000_123L,
        EventConversion.fromProto(foreign().setTimestamp(1742000000.1234567).build()).timestamp());
    assertEquals(Instant.ofEpochSecond(1742000000, 123_457_000), Times.instant(1742000000.1234567));
    assertEquals(Instant.MAX, Times.instant(1e300));
    assertEquals(Instant.MIN, Times.instant(-1e300));
    Instant between = Instant.ofEpochSecond(1742000000, 123_000_001);
    assertTrue(Times.seconds(between) > Times.seconds(1_742_000_000_123L));
    assertTrue(Times.seconds(between) < Times.seconds(1_742_000_000_124L));
  }

  @Test
  void numbersOfState() {
    assertEquals("1.0", stateText(1.0));
    assertEquals("1", stateText(1));
    assertEquals("9007199254740993", stateText(9007199254740993L));
    assertEquals("-0.0", stateText(-0.0));
    assertEquals("1.10", stateText(new java.math.BigDecimal("1.10")));
    assertEquals("null", stateText(Double.NaN));
    assertEquals("[null,1.0]", stateText(new double[] {Double.POSITIVE_INFINITY, 1.0}));
    assertEquals("[null]", stateText(List.of(Float.NaN)));
    for (Object value :
        List.of(1, 1.0, 1L << 53, BigInteger.TEN.pow(400), 1e300, 5e-324, true, "x")) {
      Event back = throughTheWire(changing("k", value));
      assertEquals(value, back.actions().stateDelta().get("k"));
    }
  }

  @Test
  void otherValuesOfState() {
    assertEquals("\"2025-01-02\"", stateText(LocalDate.of(2025, 1, 2)));
    assertEquals(
        "\"2025-01-02T03:04:05.678Z\"", stateText(Instant.parse("2025-01-02T03:04:05.678Z")));
    assertEquals("\"+//+\"", stateText(new byte[] {(byte) 0xfb, (byte) 0xff, (byte) 0xfe}));
    assertEquals("{\"text\":\"hi\"}", stateText(Part.fromText("hi")));
    assertEquals("\"a\\ud800b\"", stateText("a\ud800b"));
    assertEquals("\"\ud83d\ude00\"", stateText("\ud83d\ude00"));
    assertEquals("\"\\u0000\"", stateText("\0"));
    Map<String, Object> nothing = new HashMap<>();
    nothing.put("x", null);
    assertEquals("{\"x\":null}", stateText(nothing));
    assertEquals("[null]", stateText(Arrays.asList((Object) null)));
  }

  @Test
  void aValueThatJsonCannotCarryIsAClearError() {
    InvalidRequestException error =
        assertThrows(InvalidRequestException.class, () -> stateText(new Object()));
    assertTrue(error.getMessage().contains("state key 'k'"), error.getMessage());
    List<Object> itself = new java.util.ArrayList<>();
    itself.add(itself);
    assertThrows(InvalidRequestException.class, () -> stateText(itself));
    // Temporary state is never sent, and may be anything.
    dev.sessiond.v1.Event message = EventConversion.toProto(changing("temp:t", new Object()));
    assertEquals(Map.of(), message.getStateDeltaMap());
  }

  @Test
  void nullAndRemovedAreRead() {
    Event event =
        EventConversion.fromProto(
            foreign()
                .putStateDelta("n", "null")
                .putStateDelta("x", "1")
                .addRemovedStateKeys("r")
                .build());
    assertSame(State.REMOVED, event.actions().stateDelta().get("n"));
    assertSame(State.REMOVED, event.actions().stateDelta().get("r"));
    assertEquals(1, event.actions().stateDelta().get("x"));
    assertEquals(Map.of("x", 1), StateConversion.read(Map.of("n", "null", "x", "1")));
  }

  @Test
  void loneSurrogatesInTheEnvelopeAreAClearError() {
    Event event = Event.builder().id("1").author("x\ud800").build();
    InvalidRequestException error =
        assertThrows(InvalidRequestException.class, () -> EventConversion.toProto(event));
    assertTrue(error.getMessage().contains("author has a lone surrogate at 1"));
    assertThrows(InvalidRequestException.class, () -> Texts.key("app", "\udc00", "s"));
    assertThrows(InvalidRequestException.class, () -> StateConversion.write(Map.of("k\ud800", 1)));
  }

  @Test
  void loneSurrogatesInPayloadsAreKept() {
    Event event =
        Event.builder().id("1").content(Content.fromParts(Part.fromText("a\ud800"))).build();
    assertEquals(
        "{\"parts\":[{\"text\":\"a\\ud800\"}],\"role\":\"user\"}".length(),
        EventConversion.toProto(event).getContent().length());
    assertEquals("a\ud800", throughTheWire(event).content().get().text());
  }

  @Test
  void anEventWithoutIdGetsOneOnTheWireOnly() {
    Event event = Event.builder().author("a").build();
    event.setId(null);
    assertFalse(EventConversion.toProto(event).getId().isEmpty());
    assertNull(event.id());
  }

  @Test
  void unknownFieldsAreLeftOut() {
    Event event =
        EventConversion.fromProto(
            foreign()
                .setActions(
                    ByteString.copyFromUtf8(
                        "{\"escalate\":true,\"agentState\":{\"a\":1},\"rewindBeforeInvocationId\":\"x\","
                            + "\"renderUiWidgets\":[{\"id\":\"1\"}],\"compaction\":{\"startTimestamp\":1.5,"
                            + "\"endTimestamp\":1742000000.1239,\"newField\":1,"
                            + "\"compactedContent\":{\"parts\":[{\"text\":\"x\",\"newKind\":{\"a\":1}}]}}}"))
                .setContent(
                    "{\"role\":\"model\",\"parts\":[{\"text\":\"x\",\"newKind\":1},{\"text\":\"y\"}]}")
                .setExtra(
                    "{\"nodeInfo\":{\"path\":\"\"},\"output\":[1],\"modelVersion\":\"m\",\"citationMetadata\":{}}")
                .build());
    assertEquals(Optional.of(true), event.actions().escalate());
    assertEquals(1_500, event.actions().compaction().get().startTimestamp());
    assertEquals(1_742_000_000_124L, event.actions().compaction().get().endTimestamp());
    assertEquals("xy", event.content().get().text());
    assertEquals(Optional.of("m"), event.modelVersion());
  }

  @Test
  void whatPythonWritesIsRead() {
    Event event =
        EventConversion.fromProto(
            foreign()
                .setInvocationId("e-1")
                .setErrorCode("SOME_CODE")
                .setLongRunningToolIds(ToolIds.newBuilder().addIds("a"))
                .setActions(
                    ByteString.copyFromUtf8(
                        "{\"artifactDelta\":{\"f\":1},\"requestedAuthConfigs\":{\"c\":{\"authScheme\":"
                            + "{\"type\":\"apiKey\"},\"rawAuthCredential\":null}},\"requestedToolConfirmations\":"
                            + "{\"c\":{\"hint\":\"h\",\"confirmed\":true,\"payload\":null}}}"))
                .setContent(
                    "{\"parts\":[{\"thoughtSignature\":\"-__-\"},{\"inlineData\":{\"data\":\"-_8=\",\"mimeType\":\"m\"}},"
                        + "{\"videoMetadata\":{\"startOffset\":\"1.5s\",\"fps\":2.0}}]}")
                .setExtra(
                    "{\"usageMetadata\":{\"promptTokenCount\":3,\"promptTokensDetails\":[{\"modality\":\"TEXT\",\"tokenCount\":3}]},"
                        + "\"finishReason\":\"STOP\",\"avgLogprobs\":null,\"inputTranscription\":{\"text\":\"hi\",\"finished\":true}}")
                .build());
    var parts = event.content().get().parts().get();
    assertArrayEquals(
        new byte[] {(byte) 0xfb, (byte) 0xff, (byte) 0xfe}, parts.get(0).thoughtSignature().get());
    assertArrayEquals(
        new byte[] {(byte) 0xfb, (byte) 0xff}, parts.get(1).inlineData().get().data().get());
    assertEquals(
        java.time.Duration.ofMillis(1500), parts.get(2).videoMetadata().get().startOffset().get());
    assertEquals("SOME_CODE", event.errorCode().get().toString());
    assertEquals(Optional.of(new FinishReason("STOP")), event.finishReason());
    assertEquals(3, event.usageMetadata().get().promptTokenCount().get());
    assertEquals(Optional.empty(), event.avgLogprobs());
    ToolConfirmation confirmation = event.actions().requestedToolConfirmations().get("c");
    assertTrue(confirmation.confirmed());
    assertNull(confirmation.payload());
    assertTrue(event.actions().requestedAuthConfigs().get("c").containsKey("rawAuthCredential"));
  }

  @Test
  void aNullWhereTheModelHasNoneIsAbsent() {
    Event event =
        EventConversion.fromProto(
            foreign()
                .setContent(
                    "{\"role\":null,\"parts\":[{\"text\":null,\"functionCall\":{\"name\":\"f\",\"args\":{\"x\":null}}}]}")
                .setActions(
                    ByteString.copyFromUtf8("{\"transferToAgent\":null,\"artifactDelta\":null}"))
                .build());
    FunctionCall call = event.content().get().parts().get().get(0).functionCall().get();
    assertTrue(call.args().get().containsKey("x"));
    assertNull(call.args().get().get("x"));
    assertEquals(Optional.empty(), event.content().get().role());
    assertEquals(Map.of(), event.actions().artifactDelta());
  }

  @Test
  void theMetadataOfOtherLanguagesBecomesAList() {
    Event event =
        EventConversion.fromProto(
            foreign()
                .setCustomMetadata(
                    "{\"s\":\"x\",\"n\":2,\"l\":[\"a\",\"b\"],\"b\":true,\"o\":{\"x\":[1]},\"z\":null,\"e\":[]}")
                .build());
    List<CustomMetadata> metadata = event.customMetadata().get();
    assertEquals(
        List.of("s", "n", "l", "b", "o", "z", "e"),
        metadata.stream().map(one -> one.key().get()).toList());
    assertEquals(Optional.of("x"), metadata.get(0).stringValue());
    assertEquals(Optional.of(2f), metadata.get(1).numericValue());
    assertEquals(Optional.of(List.of("a", "b")), metadata.get(2).stringListValue().get().values());
    assertEquals(Optional.of("true"), metadata.get(3).stringValue());
    assertEquals(Optional.of("{\"x\":[1]}"), metadata.get(4).stringValue());
    assertEquals(Optional.of("null"), metadata.get(5).stringValue());
    assertTrue(metadata.get(6).stringListValue().isPresent());
  }

  @Test
  void theEnvelopeWinsOverExtra() {
    Event event =
        EventConversion.fromProto(
            foreign()
                .setExtra("{\"id\":\"2\",\"branch\":\"b\",\"author\":\"x\",\"timestamp\":\"soon\"}")
                .build());
    assertEquals("ev-7", event.id());
    assertEquals("a", event.author());
    assertEquals(Optional.empty(), event.branch());
    assertEquals(1_500, event.timestamp());
  }

  @Test
  void anEventThatDoesNotFitSaysWhich() {
    for (dev.sessiond.v1.Event message :
        List.of(
            foreign().setContent("{\"parts\":\"none\"}").build(),
            foreign().setContent("{\"parts\":[{\"thoughtSignature\":\"***\"}]}").build(),
            foreign().setActions(ByteString.copyFromUtf8("[]")).build())) {
      UnreadableEventException error =
          assertThrows(UnreadableEventException.class, () -> EventConversion.fromProto(message));
      assertTrue(error.getMessage().contains("'ev-7'"), error.getMessage());
    }
  }

  @Test
  void anyValueComesBack() {
    Random random = new Random(7);
    for (int round = 0; round < 500; round++) {
      Map<String, Object> value = Map.of("value", any(random, 4));
      Event event = changing("k", value);
      event.setContent(
          Content.builder()
              .parts(
                  Part.builder()
                      .functionCall(FunctionCall.builder().name("f").args(value).build())
                      .build())
              .build());
      Event back = throughTheWire(event);
      assertEquals(value, back.actions().stateDelta().get("k"), () -> "of " + value);
      assertEquals(event.content(), back.content());
      assertEquals(EventConversion.toProto(event), EventConversion.toProto(back));
    }
  }

  /** A value as it is read: the smallest integer that fits, doubles, texts of any characters. */
  private static Object any(Random random, int depth) {
    int size = random.nextInt(4);
    return switch (random.nextInt(depth > 0 ? 8 : 6)) {
      case 0 -> random.nextInt();
      case 1 -> random.nextLong() | 1L << 40 & Long.MAX_VALUE;
      case 2 ->
          BigInteger.ONE.shiftLeft(63 + random.nextInt(100)).negate().subtract(BigInteger.ONE);
      case 3 -> Double.longBitsToDouble(random.nextLong() & ~(1L << 62));
      case 4 -> random.nextBoolean();
      case 5 ->
          random
              .ints(size, 0, Character.MAX_VALUE + 1)
              .mapToObj(Character::toString)
              .collect(Collectors.joining());
      case 6 -> Stream.generate(() -> any(random, depth - 1)).limit(size).toList();
      default -> {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int index = 0; index < size; index++) {
          map.put("key" + random.nextInt(), index == 0 ? null : any(random, depth - 1));
        }
        yield map;
      }
    };
  }

  @Test
  void deepValuesAreCarried() {
    Object value = 1;
    for (int level = 0; level < 150; level++) {
      value = List.of(value);
    }
    assertEquals(value, throughTheWire(changing("k", value)).actions().stateDelta().get("k"));
  }

  @Test
  void actionsOfNothing() {
    Event event = Event.builder().id("1").build();
    event.setActions(null);
    assertEquals(EventActions.builder().build(), throughTheWire(event).actions());
  }
}
