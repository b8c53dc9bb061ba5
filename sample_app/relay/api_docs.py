"""What the API docs say about Relay as a whole and about each group of routes."""

DESCRIPTION = """
Companies keep their customers, quotes and projects in Relay, win and help customers, let them look in through a portal,
store conversations, and spend prepaid credits on insights into them.

* **As a tenant**: ask for a code with `POST /auth/codes`, read it at `GET /offline/mail` (offline mode), exchange it
  for a token with `POST /auth/sessions`, and press *Authorize*. The sample tenants are `northwind`, `contoso` and
  `fabrikam`.
* **As a customer's contact**: a tenant lets you in with `POST /portal/access/{contact_id}`; the mail has the password.
* **As an administrator**: send `X-Admin-Key`, or sign in at `/admin/pages`. Offline, the key is `development-only`.

Amounts are whole cents, times are UTC. What belongs to another tenant answers 404, as if it were not there.
"""

# The docs show the groups in this order.
TAGS = {
    "tenant": "Sign up, sign in by one-time code, sign out, and the tenant's own profile.",
    "dashboard": "The page that a tenant sees first.",
    "customers": "Customers, their contacts and their tags.",
    "quotes": "Quotes, from the first draft to the customer's decision.",
    "projects": "Projects and their tasks.",
    "planning": "Who works on which project when, and the time that is left.",
    "reports": "Figures for the people who run a tenant.",
    "crm": "Leads that become customers, campaigns, suppliers and prices.",
    "helpdesk": "Tickets of customers, and the threads on them.",
    "portal": "Contacts of customers sign in with a password and see what concerns them.",
    "users": "The people who chat: signing on, linking devices, and what becomes of their data.",
    "chats": "Conversations: uploaded as files or written live, read back a page at a time.",
    "rag": "Questions about what was said, answered by the language model.",
    "insights": "What can be found out about a chat, for how many credits, and how far it is.",
    "language models": "Which models a tenant uses, and the prompts they are given.",
    "payments": "Credits: what is there, how to buy more, and the payment provider's webhook.",
    "billing": "Plans, statements, and the corrections of the billing office.",
    "usage": "What a tenant's calls add up to.",
    "licences": "Who sits on which seat, and what lies in the trash.",
    "authz": "The members of a tenant, their roles and their keys.",
    "graphql": "Customers, quotes, projects and leads in one request.",
    "admin": "What administrators do, over all tenants.",
    "admin pages": "The same as HTML, behind a form that asks for the key.",
    "health": "Whether Relay and its database are there.",
    "offline": "The world outside, while Relay runs without it: mail, payments, language model, clock.",
}
