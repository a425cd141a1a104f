import { type IdType, type IndexOptions, VectorIndex } from 'segvec'
import { detach, resizableBuffer, shared } from './buffers.ts'
import type { Random } from './random.ts'

/** What the getters and proxies in here throw: the one error besides `SegvecError` that a call may end in. */
export const mine = new Error('thrown by the caller')

const dimension = 6

/** An index with a few vectors, of any metric and kind of ids. */
export async function randomIndex(random: Random): Promise<VectorIndex<IdType>> {
  const index = new VectorIndex<IdType>({
    dimension,
    idType: random.pick(['number', 'bigint', 'string']),
    metric: random.pick(['l2', 'cosine', 'ip']),
    threads: 1 + random.below(3),
    segmentCapacity: random.pick([1, 7, 1000]),
  })
  const rows = Array.from({ length: random.below(40) }, () => goodRow(random))
  await index.add(rows)
  return index
}

function goodRow(random: Random): number[] {
  return Array.from({ length: dimension }, () => random.normal())
}

/** One call with arguments that are good, bad or hostile; returns what the call returned. */
export function randomCall(index: VectorIndex<IdType>, random: Random): unknown {
  const loose = index as unknown as Record<string, (...given: unknown[]) => unknown>
  // Most arguments are good on their own, so that bad ones are met at every depth and not only at the door.
  const query = () => (random.next() < 0.6 ? goodRow(random) : value(random, index))
  switch (random.below(18)) {
    case 0:
    case 1:
    case 2:
      return loose['add']?.(...addArguments(random, index))
    case 3:
    case 4:
      return loose['search']?.(query(), options(random, index))
    case 5:
    case 6:
      return loose['searchSync']?.(query(), options(random, index))
    case 7:
      return loose['searchBatch']?.(vectors(random, index, random.below(4)), options(random, index))
    case 8:
      return loose['has']?.(value(random, index))
    case 9:
      return loose['get']?.(value(random, index))
    case 10:
      return random.pick([() => index.size, () => index.stats(), () => firstEntries(index)])()
    case 11:
    case 12:
      return loose['upsert']?.(...addArguments(random, index))
    case 13:
      return loose['remove']?.(ids(random, index, random.below(4)), options(random, index))
    case 14:
      return loose[random.pick(['compact', 'commit', 'refresh', 'toBuffer', 'verify'])]?.(
        options(random, index),
      )
    case 15:
      return loose['evaluate']?.(vectors(random, index, random.below(4)), options(random, index))
    case 16: {
      // Nothing that writes: a value may well be a path.
      const statics = VectorIndex as unknown as Record<string, (...given: unknown[]) => unknown>
      const name = random.pick(['fromBuffer', 'inspect', 'verify'])
      return statics[name]?.(value(random, index), options(random, index))
    }
    default:
      return new VectorIndex(options(random, index) as unknown as IndexOptions)
  }
}

async function firstEntries(index: VectorIndex<IdType>): Promise<number> {
  let count = 0
  for await (const { vector } of index.entries()) count += vector.length
  return count
}

function addArguments(random: Random, index: VectorIndex<IdType>): unknown[] {
  const count = random.below(4)
  const given = [ids(random, index, count), vectors(random, index, count), options(random, index)]
  return random.pick([
    given,
    given.slice(0, 2),
    given.slice(1),
    given.slice(1, 2),
    [value(random, index)],
    [],
  ])
}

function ids(random: Random, index: VectorIndex<IdType>, count: number): unknown {
  return random.pick([
    () => undefined,
    () => Array.from({ length: count }, () => random.below(200)),
    () => Array.from({ length: count }, () => BigInt(random.below(200))),
    () => Array.from({ length: count }, () => String(random.below(200))),
    () => Array.from({ length: count }, () => value(random, index)),
    () => value(random, index),
  ])()
}

function vectors(random: Random, index: VectorIndex<IdType>, count: number): unknown {
  return random.pick([
    () => Array.from({ length: count }, () => goodRow(random)),
    () => Float32Array.from({ length: count * dimension }, () => random.normal()),
    () => shared(goodRow(random)),
    () => Array.from({ length: count }, () => value(random, index)),
    () => value(random, index),
  ])()
}

function options(random: Random, index: VectorIndex<IdType>): unknown {
  if (random.next() < 0.5) return undefined
  const names = [
    'k',
    'ef',
    'recall',
    'exact',
    'signal',
    'onProgress',
    'dimension',
    'metric',
    'idType',
    'M',
    'threads',
    'K',
    '',
  ]
  return random.pick([
    () => ({ k: random.pick([1, 3, 1e9, 1e15]), exact: random.next() < 0.5 }),
    () => ({ recall: random.pick([0.5, 0.99, 1, -0]) }),
    () => ({ signal: random.pick([AbortSignal.abort(mine), AbortSignal.timeout(1)]) }),
    () => ({ [random.pick(names)]: value(random, index) }),
    () => ({ k: 1 + random.below(50), [random.pick(names)]: value(random, index) }),
    () => getter('k', () => random.pick([2, Number.NaN])),
    () => getter('ef', () => reenter(random, index)),
    () => getter('signal', throwMine),
    () => value(random, index),
  ])()
}

function getter(name: string, get: () => unknown): object {
  return Object.defineProperty({}, name, { get, enumerable: true })
}

function throwMine(): never {
  throw mine
}

/** What a getter may do: call the index that is reading it, now and then even close it. */
function reenter(random: Random, index: VectorIndex<IdType>): unknown {
  if (random.next() < 0.05) void index.close()
  else index.add([goodRow(random)]).catch(() => undefined)
  return 5
}

function hostileList(random: Random, index: VectorIndex<IdType>): unknown {
  const turn = random.below(3 * dimension)
  let reads = 0
  return new Proxy(goodRow(random), {
    get(target, name) {
      reads += 1
      if (reads === turn) {
        if (random.next() < 0.3) throw mine
        reenter(random, index)
      }
      if (name === 'length' && random.next() < 0.2) return value(random, index)
      return Reflect.get(target, name)
    },
  })
}

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable([1, 2, 3], {})
  revoke()
  return proxy
}

class Liar extends Float32Array {
  override get length(): number {
    return 1e9
  }
}

function shrunk(): Float32Array {
  const buffer = resizableBuffer(dimension * 4, dimension * 8)
  const view = new Float32Array(buffer, 0, dimension)
  buffer.resize(8)
  return view
}

const weirdNumbers = [0, -0, -1, 0.5, 1, 2, 7, 10, 255, 2 ** 31, 2 ** 32, 2 ** 53, 1e15, 1e39, 1e300, -1e300]

/** Anything at all. */
function value(random: Random, index: VectorIndex<IdType>): unknown {
  return random.pick<() => unknown>([
    () => undefined,
    () => null,
    () => random.next() < 0.5,
    () => random.pick(weirdNumbers),
    () => random.pick([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]),
    () => BigInt(random.below(20)),
    () => random.pick([-1n, 2n ** 64n, 2n ** 64n - 1n, 2n ** 999n]),
    () => random.pick(['', 'a', '5', '\ud800', 'cosine', 'l2', 'string', 'x'.repeat(70_000)]),
    () => Symbol('anything'),
    () => throwMine,
    () => [],
    () => {
      const row: unknown[] = goodRow(random)
      row[random.below(dimension)] = random.pick([
        undefined,
        null,
        '1',
        1n,
        Number.NaN,
        1e39,
        {},
        Symbol('one'),
      ])
      return row
    },
    () => goodRow(random),
    () => goodRow(random).slice(random.below(dimension)),
    () => new Array(dimension),
    () => new Array(2 ** 32 - 1),
    () => Float32Array.from(goodRow(random)),
    () => Float64Array.from(goodRow(random)),
    () => new Float32Array(random.below(20)),
    () => Float32Array.from(goodRow(random)).fill(Number.NaN, random.below(dimension)),
    () => Int8Array.from(goodRow(random)),
    () => new BigInt64Array(dimension),
    () => BigUint64Array.of(2n ** 64n - 1n, 5n),
    () => new DataView(new ArrayBuffer(24)),
    () => new ArrayBuffer(24),
    () => Buffer.from('bytes!'),
    () => shared(goodRow(random)),
    () => detach(new Float32Array(dimension)),
    () => shrunk(),
    () => new Liar(dimension),
    () => hostileList(random, index),
    () => revoked(),
    () => new Map(),
    () => new Date(Number.NaN),
    () => Object.create(null),
    () => ({ length: dimension, 0: 1 }),
    () => AbortSignal.abort(mine),
    () => AbortSignal.timeout(random.below(3)),
    () => Object.create(AbortSignal.prototype),
    () => Promise.resolve(goodRow(random)),
    () => index,
  ])()
}
