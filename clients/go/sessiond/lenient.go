package sessiond

import (
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"math/big"
	"reflect"
	"strings"
	"sync"
)

// decode reads JSON that another language or another version of ADK wrote, which the place names in warnings. One value of
// another type would make a whole session unreadable, so what does not fit the target is left out, with one warning for
// each name; names that the target does not have are left out as encoding/json does it. Only text that is no JSON is an
// error.
func decode(text []byte, target any, place string) error {
	if !mayLoseDigits(text) && json.Unmarshal(text, target) == nil {
		return nil
	}
	data, err := parseNumbers(text)
	if err != nil {
		return err
	}
	into := reflect.ValueOf(target).Elem()
	into.SetZero()
	fitting, ok := fit(data, into.Type(), place)
	if !ok {
		return nil
	}
	again, err := json.Marshal(fitting)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(strings.NewReader(string(again)))
	decoder.UseNumber()
	if err := decoder.Decode(target); err != nil {
		return err
	}
	exactNumbersWithin(into)
	return nil
}

var (
	unmarshaler = reflect.TypeFor[json.Unmarshaler]()
	byteSlice   = reflect.TypeFor[[]byte]()
)

// fit makes data such that encoding/json can put it into the type. False where nothing of it can be kept; the place then
// has been reported.
func fit(data any, to reflect.Type, place string) (any, bool) {
	if data == nil {
		return nil, true
	}
	if to.Kind() == reflect.Pointer {
		return fit(data, to.Elem(), place)
	}
	own := reflect.PointerTo(to).Implements(unmarshaler)
	if own && decodes(data, to) {
		return data, true
	}
	switch {
	case to.Kind() == reflect.Interface:
		return data, true
	case to == byteSlice:
		if text, ok := data.(string); ok {
			if standard, ok := standardBase64(text); ok {
				return standard, true
			}
		}
	case to.Kind() == reflect.Struct:
		if object, ok := data.(map[string]any); ok {
			fitFields(object, to, place)
			if own {
				keepDecoding(object, to, place)
			}
			return object, true
		}
	case to.Kind() == reflect.Slice:
		if list, ok := data.([]any); ok {
			kept := make([]any, 0, len(list))
			for _, element := range list {
				if fitting, ok := fit(element, to.Elem(), place); ok {
					kept = append(kept, fitting)
				}
			}
			return kept, true
		}
	case to.Kind() == reflect.Map:
		if object, ok := data.(map[string]any); ok {
			for key, element := range object {
				fitting, ok := fit(element, to.Elem(), place)
				if !ok {
					delete(object, key)
					continue
				}
				object[key] = fitting
			}
			return object, true
		}
	default:
		if whole, ok := wholeNumber(data, to); ok {
			data = whole
		}
		if decodes(data, to) {
			return data, true
		}
	}
	report(place)
	return nil, false
}

// fitFields makes an object's values fit the fields of a struct, and takes out those that cannot.
func fitFields(object map[string]any, to reflect.Type, place string) {
	for index := range to.NumField() {
		field := to.Field(index)
		name, option, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case field.Anonymous && name == "":
			fitFields(object, field.Type, place)
			continue
		case !field.IsExported() || name == "-" || strings.Contains(option, "string"):
			continue
		case name == "":
			name = field.Name
		}
		value, there := object[name]
		if !there {
			continue
		}
		if fitting, ok := fit(value, field.Type, place+"."+name); ok {
			object[name] = fitting
		} else {
			delete(object, name)
		}
	}
}

// keepDecoding takes out what the type's own UnmarshalJSON refuses.
func keepDecoding(object map[string]any, to reflect.Type, place string) {
	for name, value := range object {
		if !decodes(map[string]any{name: value}, to) {
			delete(object, name)
			report(place + "." + name)
		}
	}
}

// decodes says whether encoding/json can put the data into the type.
func decodes(data any, to reflect.Type) bool {
	text, err := json.Marshal(data)
	return err == nil && json.Unmarshal(text, reflect.New(to).Interface()) == nil
}

// wholeNumber writes 1.0 or 1e3 as an integer where the type is one: languages with one type of numbers differ in how
// they write it.
func wholeNumber(data any, to reflect.Type) (json.Number, bool) {
	number, ok := data.(json.Number)
	if !ok || to.Kind() < reflect.Int || to.Kind() > reflect.Uint64 || len(number) > 32 {
		return "", false
	}
	value, err := number.Float64()
	if err != nil || !strings.ContainsAny(string(number), ".eE") {
		return "", false
	}
	whole, accuracy := big.NewFloat(value).Int(nil)
	return json.Number(whole.String()), accuracy == big.Exact
}

// standardBase64 writes base64 of either alphabet, with or without padding, in the one that Go reads.
func standardBase64(text string) (string, bool) {
	plain := strings.NewReplacer("-", "+", "_", "/", "\n", "", "\r", "").Replace(strings.TrimRight(text, "=\r\n"))
	raw, err := base64.RawStdEncoding.DecodeString(plain)
	return base64.StdEncoding.EncodeToString(raw), err == nil
}

var reported sync.Map

func report(place string) {
	if _, before := reported.LoadOrStore(place, true); !before {
		slog.Warn("sessiond: events have a value that does not fit this version of ADK; it is left out", "field", place)
	}
}
