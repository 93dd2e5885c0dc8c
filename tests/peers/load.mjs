// load(NAME): a package of this folder, for tests that live elsewhere; require(NAME) for those without modules.
import { createRequire } from 'node:module'

export const require = createRequire(import.meta.url)
export const load = name => import(name)
