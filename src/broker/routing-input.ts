import { decodeProperties } from '../wire/properties.ts';
import type { Properties, PropertyScan } from '../wire/properties.ts';
import type { Binding, Exchange } from './exchange.ts';
import type { Keeper } from './keeper.ts';
import { EMPTY_TABLE, readTable } from '../wire/table.ts';
import type { FieldTable } from '../wire/table.ts';

/** What a message is routed by. Nothing is decoded unless an exchange asks for it. */
export class RoutingInput {
  /** The main one, then CC, then BCC. */
  readonly routingKeys: readonly string[];
  /** The route holds for this message only: more than its keys decided, or chance did. */
  isOneOff = false;
  /** The exchange asked last holds the message back: no way leads on from there yet, nor to its alternate. */
  isHeldBack = false;
  /** It goes on later, on one of its ways at least: it is not lost. */
  isDelayed = false;
  /** Those on its way that keep it. */
  keepers: Keeper[] | undefined = undefined;
  /** For who wants to know: takes up every binding it went by, and every alternate exchange it was handed on to. */
  trail: (Binding | Exchange)[] | undefined = undefined;
  readonly #properties: Buffer;
  readonly #scan: PropertyScan;
  readonly #newHeaders: Buffer | undefined;
  #headers: FieldTable | undefined = undefined;

  /**
   * @param properties as on the wire
   * @param scan of these properties, valid as long as the message is being routed
   * @param newHeaders the inside of the headers table it will have; undefined: as they are among the properties
   */
  constructor(routingKeys: readonly string[], properties: Buffer, scan: PropertyScan, newHeaders?: Buffer) {
    this.routingKeys = routingKeys;
    this.#properties = properties;
    this.#scan = scan;
    this.#newHeaders = newHeaders;
  }

  keep(keeper: Keeper): void {
    this.isOneOff = true;
    this.keepers ??= [];
    this.keepers.push(keeper);
  }

  /** It is kept, and goes on later. */
  holdBack(keeper: Keeper): void {
    this.isHeldBack = true;
    this.isDelayed = true;
    this.keep(keeper);
  }

  headers(): FieldTable {
    this.isOneOff = true;
    this.#headers ??= this.#readHeaders();
    return this.#headers;
  }

  properties(): Properties {
    this.isOneOff = true;
    return decodeProperties(this.#properties);
  }

  #readHeaders(): FieldTable {
    if (this.#newHeaders !== undefined) return readTable(this.#newHeaders);
    const { headersStart, headersEnd } = this.#scan;
    return headersStart < 0 ? EMPTY_TABLE : readTable(this.#properties.subarray(headersStart, headersEnd));
  }
}
