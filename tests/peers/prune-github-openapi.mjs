// prune-github-openapi.mjs FILE: what Patchwork asks of GitHub, cut out of GitHub's own OpenAPI description.
// FILE is generated/api.github.com.json of npm package @octokit/openapi, version below; the package has 385 MB and is
// wanted only to renew github-openapi.json:
//   npm pack @octokit/openapi@23.0.2 && tar xzf octokit-openapi-23.0.2.tgz package/generated/api.github.com.json
//   node prune-github-openapi.mjs package/generated/api.github.com.json
import { readFileSync, writeFileSync } from 'node:fs'

const VERSION = '@octokit/openapi 23.0.2'
const PATHS = {
  '/app/installations/{installation_id}/access_tokens': ['post'],
  '/rate_limit': ['get'],
  '/repos/{owner}/{repo}': ['get'],
  '/repos/{owner}/{repo}/collaborators/{username}/permission': ['get'],
  '/repos/{owner}/{repo}/commits': ['get'],
  '/repos/{owner}/{repo}/commits/{ref}': ['get'],
  '/repos/{owner}/{repo}/commits/{ref}/check-runs': ['get'],
  '/repos/{owner}/{repo}/commits/{ref}/status': ['get'],
  '/repos/{owner}/{repo}/compare/{basehead}': ['get'],
  '/repos/{owner}/{repo}/contents/{path}': ['get'],
  '/repos/{owner}/{repo}/git/commits/{commit_sha}': ['get'],
  '/repos/{owner}/{repo}/hooks': ['get', 'post'],
  '/repos/{owner}/{repo}/hooks/{hook_id}': ['get', 'patch'],
  '/repos/{owner}/{repo}/hooks/{hook_id}/config': ['patch'],
  '/repos/{owner}/{repo}/hooks/{hook_id}/deliveries': ['get'],
  '/repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}/attempts': ['post'],
  '/repos/{owner}/{repo}/hooks/{hook_id}/pings': ['post'],
  '/repos/{owner}/{repo}/installation': ['get'],
  '/repos/{owner}/{repo}/issues': ['get'],
  '/repos/{owner}/{repo}/issues/comments/{comment_id}': ['get', 'patch'],
  '/repos/{owner}/{repo}/issues/{issue_number}': ['get'],
  '/repos/{owner}/{repo}/issues/{issue_number}/comments': ['get', 'post'],
  '/repos/{owner}/{repo}/issues/{issue_number}/timeline': ['get'],
  '/repos/{owner}/{repo}/pulls/{pull_number}': ['get'],
  '/repos/{owner}/{repo}/pulls/{pull_number}/commits': ['get'],
  '/repos/{owner}/{repo}/pulls/{pull_number}/files': ['get'],
  '/repos/{owner}/{repo}/pulls/{pull_number}/reviews': ['get'],
  '/user': ['get'],
  '/user/{account_id}': ['get'],
  '/users/{username}': ['get'],
}

const whole = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const at = ref => ref.slice(2).split('/').map(k => k.replaceAll('~1', '/').replaceAll('~0', '~'))

const kept = {
  openapi: whole.openapi, info: { ...whole.info, 'x-pruned-from': VERSION }, servers: whole.servers, paths: {}, components: {},
}
for (const [path, methods] of Object.entries(PATHS)) {
  const shared = Object.entries(whole.paths[path]).filter(([k]) => methods.includes(k) || k === 'parameters')
  kept.paths[path] = Object.fromEntries(shared)
}

// Copies what is referred to, and what that refers to.
function follow(value) {
  if (!value || typeof value !== 'object') return
  if (typeof value.$ref === 'string') {
    const [, kind, name] = at(value.$ref)
    kept.components[kind] ??= {}
    if (!(name in kept.components[kind])) follow((kept.components[kind][name] = whole.components[kind][name]))
    return
  }
  for (const v of Object.values(value)) follow(v)
}
follow(kept.paths)

// Examples are for readers of the manual; the stand-in answers with its own world.
const text = JSON.stringify(kept, (k, v) => (k === 'examples' || (k === 'example' && typeof v !== 'object') ? undefined : v), 1)
writeFileSync(new URL('github-openapi.json', import.meta.url), text.replace(/^ +/gm, '') + '\n')
