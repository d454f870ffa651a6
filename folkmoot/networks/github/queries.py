"""What GitHub tells and does by GraphQL alone: discussions, hiding, pinning. https://docs.github.com/graphql"""

from __future__ import annotations

_AUTHOR = """author { __typename login avatarUrl
  ... on User { databaseId name } ... on Bot { databaseId } ... on Organization { databaseId } }"""
_SAID = f"""id url body createdAt updatedAt lastEditedAt {_AUTHOR}
  reactionGroups {{ content reactors {{ totalCount }} }}"""
_REMARK = f"{_SAID} replyTo {{ id }}"
_TOPIC = f"number title {_SAID}"

DISCUSSIONS = f"""query($owner: String!, $name: String!, $after: String) {{
  repository(owner: $owner, name: $name) {{
    discussions(first: 5, after: $after, orderBy: {{field: UPDATED_AT, direction: DESC}}) {{
      pageInfo {{ hasNextPage endCursor }}
      nodes {{ {_TOPIC} comments(last: 40) {{ nodes {{ {_REMARK} replies(last: 10) {{ nodes {{ {_REMARK} }} }} }} }} }}
    }} }} }}"""
DISCUSSION = f"""query($owner: String!, $name: String!, $number: Int!, $after: String) {{
  repository(owner: $owner, name: $name) {{
    discussion(number: $number) {{ {_TOPIC} comments(first: 15, after: $after) {{
      pageInfo {{ hasNextPage endCursor }} nodes {{ {_REMARK} replies(first: 30) {{ nodes {{ {_REMARK} }} }} }} }} }}
  }} }}"""
IDS = """query($owner: String!, $name: String!, $number: Int!) {
  repository(owner: $owner, name: $name) { discussion(number: $number) { id } } }"""
ABOVE = "query($id: ID!) { node(id: $id) { ... on DiscussionComment { id replyTo { id } } } }"
CATEGORIES = """query($owner: String!, $name: String!) {
  repository(owner: $owner, name: $name) { id discussionCategories(first: 25) { nodes { id name slug } } } }"""

ADD_REMARK = f"""mutation($on: ID!, $body: String!, $above: ID) {{
  addDiscussionComment(input: {{discussionId: $on, body: $body, replyToId: $above}}) {{ comment {{ {_REMARK} }} }} }}"""
CREATE = f"""mutation($on: ID!, $category: ID!, $title: String!, $body: String!) {{
  createDiscussion(input: {{repositoryId: $on, categoryId: $category, title: $title, body: $body}})
  {{ discussion {{ {_TOPIC} }} }} }}"""
EDIT_REMARK = f"""mutation($id: ID!, $body: String!) {{
  updateDiscussionComment(input: {{commentId: $id, body: $body}}) {{ comment {{ {_REMARK} }} }} }}"""
EDIT_TOPIC = f"""mutation($id: ID!, $body: String!, $title: String) {{
  updateDiscussion(input: {{discussionId: $id, body: $body, title: $title}}) {{ discussion {{ {_TOPIC} }} }} }}"""
DELETE_REMARK = "mutation($id: ID!) { deleteDiscussionComment(input: {id: $id}) { comment { id } } }"
DELETE_TOPIC = "mutation($id: ID!) { deleteDiscussion(input: {id: $id}) { discussion { id } } }"
DELETE_ISSUE = "mutation($id: ID!) { deleteIssue(input: {issueId: $id}) { repository { id } } }"
HIDE = """mutation($id: ID!, $why: ReportedContentClassifiers!) {
  minimizeComment(input: {subjectId: $id, classifier: $why}) { minimizedComment { isMinimized } } }"""
SHOW = "mutation($id: ID!) { unminimizeComment(input: {subjectId: $id}) { unminimizedComment { isMinimized } } }"
LOCK = "mutation($id: ID!) { lockLockable(input: {lockableId: $id}) { lockedRecord { locked } } }"
UNLOCK = "mutation($id: ID!) { unlockLockable(input: {lockableId: $id}) { unlockedRecord { locked } } }"
PIN = "mutation($id: ID!) { pinIssue(input: {issueId: $id}) { issue { id } } }"
UNPIN = "mutation($id: ID!) { unpinIssue(input: {issueId: $id}) { issue { id } } }"
