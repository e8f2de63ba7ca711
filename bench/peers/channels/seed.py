"""Makes the tables, and who and what SEED.json names: python seed.py SEED.json"""

import json
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chat.settings")
django.setup()

from django.core.management import call_command  # noqa: E402

from chat.models import Account, Room  # noqa: E402

call_command("migrate", run_syncdb=True, verbosity=0)
with open(sys.argv[1]) as file:
    seed = json.load(file)
Account.objects.bulk_create(
    Account(id=n + 1, token=token, name=f"person-{n}") for n, token in enumerate(seed["accounts"])
)
Room.objects.bulk_create(Room(id=room) for room in seed["rooms"])
Member, Friend = Room.members.through, Account.friends.through
Member.objects.bulk_create(
    Member(room_id=room, account_id=member + 1)
    for room, members in seed["rooms"].items()
    for member in members
)
Friend.objects.bulk_create(
    Friend(from_account_id=one + 1, to_account_id=other + 1) for one, other in seed["friends"]
)
