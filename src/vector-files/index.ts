export {
  readVectorFile,
  type VectorFile,
  type VectorFileOptions,
  vectorFileEndings,
} from './read-vector-file.ts'
