// The reference client of MY FACTURE PRO for WatermelonDB. docs/sync.md explains how an app uses it.

export * from '../common/api.js'
export { newId } from '../common/ids.js'
export * from './schema.js'
export { createSync } from './sync.js'
