// Reads a stream up to a limit.

/** All bytes of a stream, or undefined once they exceed the limit; the rest is then cancelled. */
export async function readAtMost(stream, bytesMax) {
  if (stream === null) {
    return new Uint8Array();
  }
  const reader = stream.getReader();
  const chunks = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      return joined(chunks, length);
    }
    length += value.byteLength;
    if (length > bytesMax) {
      await reader.cancel();
      return undefined;
    }
    chunks.push(value);
  }
}

function joined(chunks, length) {
  if (chunks.length === 1) {
    return chunks[0];
  }
  const bytes = new Uint8Array(length);
  let start = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, start);
    start += chunk.byteLength;
  }
  return bytes;
}
