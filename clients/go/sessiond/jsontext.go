package sessiond

import (
	"bytes"
	"encoding/json"
	"math/big"
	"reflect"
	"strings"
)

// jsonText writes JSON as it goes over the wire: keys of maps sorted, []byte as standard base64, and <, > and & as they
// are. NaN, the infinities and what JSON cannot carry at all are errors, as in ADK's own SQL service.
func jsonText(value any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), nil
}

// parseJSON reads a value of state. A number is a float64, as ADK has it, wherever that is exact: see exactNumber.
func parseJSON(text string) (any, error) {
	var value any
	if !mayLoseDigits(text) {
		err := json.Unmarshal([]byte(text), &value)
		if err == nil {
			return value, nil
		}
	}
	value, err := parseNumbers([]byte(text))
	if err != nil {
		return nil, err
	}
	return exactNumbers(value), nil
}

// parseNumbers reads JSON with its numbers as json.Number.
func parseNumbers(text []byte) (any, error) {
	var value any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	return value, nil
}

// mayLoseDigits says whether the text may have a number that a float64 cannot hold: one with 16 digits in a row. Text
// in quotes that looks so costs time and nothing else.
func mayLoseDigits[T string | []byte](text T) bool {
	run := 0
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			run = 0
		} else if run++; run == 16 {
			return true
		}
	}
	return false
}

// exactNumber is the number as a float64 where that is exact, and for decimals always; a larger integer as an int64; and
// what is larger still as json.Number, which writes the same digits again.
func exactNumber(number json.Number) any {
	if strings.ContainsAny(string(number), ".eE") {
		if value, err := number.Float64(); err == nil {
			return value
		}
		return number
	}
	whole, ok := new(big.Int).SetString(string(number), 10)
	if !ok {
		return number
	}
	// The sign of -0 is not in the integer.
	if value, err := number.Float64(); err == nil {
		if same, accuracy := new(big.Float).SetFloat64(value).Int(nil); accuracy == big.Exact && same.Cmp(whole) == 0 {
			return value
		}
	}
	if whole.IsInt64() {
		return whole.Int64()
	}
	return number
}

// exactNumbers replaces every json.Number within a value of plain JSON.
func exactNumbers(value any) any {
	switch value := value.(type) {
	case json.Number:
		return exactNumber(value)
	case map[string]any:
		for key, element := range value {
			value[key] = exactNumbers(element)
		}
	case []any:
		for index, element := range value {
			value[index] = exactNumbers(element)
		}
	}
	return value
}

// exactNumbersWithin does the same in every `any` of a decoded structure.
func exactNumbersWithin(value reflect.Value) {
	switch value.Kind() {
	case reflect.Interface:
		if !value.IsNil() && value.CanSet() {
			value.Set(reflect.ValueOf(exactNumbers(value.Interface())))
		}
	case reflect.Pointer:
		if !value.IsNil() {
			exactNumbersWithin(value.Elem())
		}
	case reflect.Struct:
		for index := range value.NumField() {
			if value.Type().Field(index).IsExported() {
				exactNumbersWithin(value.Field(index))
			}
		}
	case reflect.Slice, reflect.Array:
		for index := range value.Len() {
			exactNumbersWithin(value.Index(index))
		}
	case reflect.Map:
		for _, key := range value.MapKeys() {
			// What a map holds cannot be set in place.
			element := reflect.New(value.Type().Elem()).Elem()
			element.Set(value.MapIndex(key))
			exactNumbersWithin(element)
			value.SetMapIndex(key, element)
		}
	}
}
