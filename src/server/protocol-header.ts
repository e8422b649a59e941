import { PROTOCOL_HEADER, PROTOCOL_HEADER_0_9 } from '../wire/constants.ts';

const SIZE = 8;
const NOTHING = Buffer.alloc(0);

/** Collects the first eight bytes a client sends, however they are cut, and says whether they are ours (CON-01). */
export class ProtocolHeader {
  #bytes: Buffer = NOTHING;

  /**
   * @returns undefined while bytes are missing; else whether AMQP 0-9-1 (or 0-9, which is served the same way) is
   * spoken, and what came behind the header
   */
  push(chunk: Buffer): { readonly isOurs: boolean; readonly rest: Buffer } | undefined {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    if (this.#bytes.length < SIZE) return undefined;
    const header = this.#bytes.subarray(0, SIZE);
    const rest = this.#bytes.subarray(SIZE);
    this.#bytes = NOTHING;
    return { isOurs: header.equals(PROTOCOL_HEADER) || header.equals(PROTOCOL_HEADER_0_9), rest };
  }
}
