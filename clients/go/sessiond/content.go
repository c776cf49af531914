package sessiond

import (
	"slices"
	"strconv"
	"time"

	"google.golang.org/genai"
)

// contentText writes content as genai does, but for the offsets into a video, which it rounds to whole seconds.
func contentText(content *genai.Content) ([]byte, error) {
	text, err := jsonText(content)
	if err != nil || content == nil || !slices.ContainsFunc(content.Parts, hasFraction) {
		return text, err
	}
	value, err := parseNumbers(text)
	if err != nil {
		return nil, err
	}
	parts, _ := value.(map[string]any)["parts"].([]any)
	for index, part := range content.Parts {
		if !hasFraction(part) {
			continue
		}
		video := parts[index].(map[string]any)["videoMetadata"].(map[string]any)
		for name, offset := range map[string]time.Duration{
			"startOffset": part.VideoMetadata.StartOffset, "endOffset": part.VideoMetadata.EndOffset,
		} {
			if offset != 0 {
				video[name] = strconv.FormatFloat(offset.Seconds(), 'f', -1, 64) + "s"
			}
		}
	}
	return jsonText(value)
}

func hasFraction(part *genai.Part) bool {
	return part != nil && part.VideoMetadata != nil &&
		(part.VideoMetadata.StartOffset%time.Second != 0 || part.VideoMetadata.EndOffset%time.Second != 0)
}
