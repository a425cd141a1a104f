import { fromNative } from './errors.ts'
import type { IdColumn, IdReader, IdType } from './ids.ts'
import { Pacer } from './pacer.ts'
import { type RowReader, rowsPerSlice } from './vectors.ts'

/** Where a batch is copied to; both methods copy before they return. */
export interface Stage {
  appendIds(ids: IdColumn): void
  appendRows(rows: Float32Array): void
}

/** A batch that has been looked at, but not read yet; one to remove has no rows. */
export interface Batch<T extends IdType> {
  readonly ids: IdReader<T> | undefined
  readonly rows?: RowReader | undefined
  readonly dimension: number
}

/**
 * Copies a batch into native memory, slice by slice, letting the event loop turn in between. Of the ids and of the rows, 4 MiB each
 * are copied before this returns its promise.
 *
 * @param open Makes the stage; called once the first slice has been found valid.
 * @param assertGoingOn Called after each turn of the event loop; throws if the batch has been given up meanwhile.
 * @throws {SegvecError} what reading or the stage objects to; the stage is to be dropped then.
 */
export async function stageBatch<S extends Stage, T extends IdType>(
  { ids, rows, dimension }: Batch<T>,
  open: () => S,
  assertGoingOn: () => void,
): Promise<S> {
  let stage: S | undefined
  const append = (slice: (into: S) => void) => {
    try {
      stage ??= open()
      slice(stage)
    } catch (error) {
      throw fromNative(error)
    }
  }
  /** Yields where the event loop is to turn before the next slice. */
  function* copyIds(reader: IdReader<T>): Copying {
    const pacer = new Pacer()
    while (!reader.isDone) {
      const slice = reader.readSlice()
      const pause = pacer.pauseBefore(bytesOf(slice))
      if (pause !== undefined) yield pause
      append((into) => into.appendIds(slice))
    }
  }
  function* copyRows(reader: RowReader): Copying {
    const pacer = new Pacer()
    const sliceRows = rowsPerSlice(dimension)
    for (let start = 0; start < reader.rowCount; start += sliceRows) {
      const end = Math.min(start + sliceRows, reader.rowCount)
      const pause = pacer.pauseBefore((end - start) * dimension * Float32Array.BYTES_PER_ELEMENT)
      if (pause !== undefined) yield pause
      const slice = reader.read(start, end)
      append((into) => into.appendRows(slice))
    }
  }

  const copies = [ids && copyIds(ids), rows && copyRows(rows)].filter((copy) => copy !== undefined)
  // Each up to its first pause before any of them pauses.
  const paused = copies.map((copy) => ({ copy, at: copy.next() }))
  for (const { copy, at } of paused) {
    for (let pause = at; !pause.done; pause = copy.next()) await pause.value.then(assertGoingOn)
  }
  return stage as S
}

type Copying = Generator<Promise<void>, void>

function bytesOf(ids: IdColumn): number {
  if (!Array.isArray(ids)) return ids.byteLength
  return ids.reduce((bytes, id) => bytes + 2 * id.length, 0)
}
