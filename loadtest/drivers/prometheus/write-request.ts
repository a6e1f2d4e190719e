import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { compress } from "snappyjs";
import { SCHEMA, type NativeHistogram } from "./native-histogram.ts";
import type { Series } from "./series.ts";

/** Numbers of the fields: https://github.com/prometheus/prometheus/tree/main/prompb, remote.proto and types.proto. */
const REQUEST = { timeseries: 1 } as const;
const TIMESERIES = { labels: 1, samples: 2, histograms: 4 } as const;
const LABEL = { name: 1, value: 2 } as const;
const SAMPLE = { value: 1, timestamp: 2 } as const;
const HISTOGRAM = {
  countInt: 1,
  sum: 3,
  schema: 4,
  zeroThreshold: 5,
  zeroCountInt: 6,
  positiveSpans: 11,
  positiveDeltas: 12,
  timestamp: 15,
} as const;
const SPAN = { offset: 1, length: 2 } as const;
/** What is not above it is zero; nothing here is. The smallest that libraries write. */
const ZERO_THRESHOLD = 2 ** -128;

/**
 * The body of a remote write 1.0: one value of each series.
 *
 * @param at epoch milliseconds of all values
 */
export function writeRequest(series: readonly Series[], at: number): Uint8Array<ArrayBuffer> {
  const writer = new BinaryWriter();
  for (const { name, labels, value } of series) {
    message(writer, REQUEST.timeseries, () => {
      writeLabels(writer, { ...labels, __name__: name });
      if (typeof value === "number") {
        message(writer, TIMESERIES.samples, () => {
          writer.tag(SAMPLE.value, WireType.Bit64).double(value);
          writer.tag(SAMPLE.timestamp, WireType.Varint).int64(at);
        });
      } else message(writer, TIMESERIES.histograms, () => writeHistogram(writer, value, at));
    });
  }
  return compress(writer.finish());
}

function message(writer: BinaryWriter, field: number, write: () => void): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  write();
  writer.join();
}

/** Sorted by name, as the protocol demands. */
function writeLabels(writer: BinaryWriter, labels: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))) {
    message(writer, TIMESERIES.labels, () => {
      writer.tag(LABEL.name, WireType.LengthDelimited).string(name);
      writer.tag(LABEL.value, WireType.LengthDelimited).string(value);
    });
  }
}

function writeHistogram(writer: BinaryWriter, { count, deltas, spans, sum }: NativeHistogram, at: number): void {
  writer.tag(HISTOGRAM.countInt, WireType.Varint).uint64(count);
  writer.tag(HISTOGRAM.sum, WireType.Bit64).double(sum);
  writer.tag(HISTOGRAM.schema, WireType.Varint).sint32(SCHEMA);
  writer.tag(HISTOGRAM.zeroThreshold, WireType.Bit64).double(ZERO_THRESHOLD);
  writer.tag(HISTOGRAM.zeroCountInt, WireType.Varint).uint64(0);
  for (const { length, offset } of spans) {
    message(writer, HISTOGRAM.positiveSpans, () => {
      writer.tag(SPAN.offset, WireType.Varint).sint32(offset);
      writer.tag(SPAN.length, WireType.Varint).uint32(length);
    });
  }
  message(writer, HISTOGRAM.positiveDeltas, () => deltas.forEach((delta) => writer.sint64(delta)));
  writer.tag(HISTOGRAM.timestamp, WireType.Varint).int64(at);
}
