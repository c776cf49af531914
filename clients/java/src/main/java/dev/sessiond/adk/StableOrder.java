package dev.sessiond.adk;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.BeanProperty;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.jsontype.TypeSerializer;
import com.fasterxml.jackson.databind.ser.ContextualSerializer;
import com.google.common.collect.ImmutableMap;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;

/**
 * Writes sets, and maps that keep no order, sorted: a restarted program that appends the same event
 * again has to write the same text, and {@code Map.of} has another order in every process.
 */
final class StableOrder extends JsonSerializer<Object> implements ContextualSerializer {
  private final JsonSerializer<Object> serializer;

  private StableOrder(JsonSerializer<Object> serializer) {
    this.serializer = serializer;
  }

  @SuppressWarnings("unchecked")
  static JsonSerializer<?> of(JsonSerializer<?> serializer) {
    return new StableOrder((JsonSerializer<Object>) serializer);
  }

  @Override
  public JsonSerializer<?> createContextual(SerializerProvider provider, BeanProperty property)
      throws JsonMappingException {
    return of(provider.handleSecondaryContextualization(serializer, property));
  }

  @Override
  public boolean isEmpty(SerializerProvider provider, Object value) {
    return serializer.isEmpty(provider, value);
  }

  @Override
  public void serialize(Object value, JsonGenerator generator, SerializerProvider provider)
      throws IOException {
    serializer.serialize(ordered(value), generator, provider);
  }

  @Override
  public void serializeWithType(
      Object value, JsonGenerator generator, SerializerProvider provider, TypeSerializer type)
      throws IOException {
    serializer.serializeWithType(value, generator, provider, type);
  }

  private static Object ordered(Object value) throws IOException {
    if (value instanceof Set<?> set && set.size() > 1 && !(value instanceof EnumSet)) {
      record Element(String text, Object value) {}
      List<Element> elements = new ArrayList<>(set.size());
      for (Object element : set) {
        elements.add(new Element(JsonText.write(element), element));
      }
      elements.sort(Comparator.comparing(Element::text));
      return elements.stream().map(Element::value).toList();
    }
    if (value instanceof Map<?, ?> map && map.size() > 1 && !keepsOrder(map)) {
      Map<Object, Object> sorted = new LinkedHashMap<>();
      map.entrySet().stream()
          .sorted(Comparator.comparing(entry -> String.valueOf(entry.getKey())))
          .forEach(entry -> sorted.put(entry.getKey(), entry.getValue()));
      return sorted;
    }
    return value;
  }

  private static boolean keepsOrder(Map<?, ?> map) {
    return map instanceof LinkedHashMap || map instanceof SortedMap || map instanceof ImmutableMap;
  }
}
