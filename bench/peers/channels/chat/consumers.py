import json
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

from .models import Account, Message


def text(value):
    return json.dumps(value, separators=(",", ":"))


class ChatConsumer(AsyncWebsocketConsumer):
    async def connect(self):
        token = parse_qs(self.scope["query_string"].decode()).get("token", [""])[0]
        self.account, self.rooms, friends = await self.greeting(token)
        if self.account is None:
            await self.close()
            return
        for room in self.rooms:
            await self.channel_layer.group_add(f"chat_{room}", self.channel_name)
        await self.accept()
        await self.send(text_data=text({"type": "ready", "rooms": self.rooms, "friends": friends}))

    async def disconnect(self, close_code):
        for room in getattr(self, "rooms", []):
            await self.channel_layer.group_discard(f"chat_{room}", self.channel_name)

    async def receive(self, text_data):
        said = json.loads(text_data)
        if said["room"] not in self.rooms:
            return
        seq = await self.store(said)
        message = {"room": said["room"], "id": said["id"], "seq": seq, "body": said["body"]}
        message["author"] = {"id": self.account.id, "name": self.account.name}
        group = f"chat_{said['room']}"
        await self.channel_layer.group_send(group, {"type": "chat.message", "message": message})
        await self.send(text_data=text({"type": "ack", "id": said["id"], "seq": seq}))

    async def chat_message(self, event):
        await self.send(text_data=text({"type": "message", "message": event["message"]}))

    @database_sync_to_async
    def greeting(self, token):
        account = Account.objects.filter(token=token).first()
        if account is None:
            return None, [], []
        rooms = list(account.rooms.values_list("id", flat=True))
        return account, rooms, list(account.friends.values("id", "name"))

    @database_sync_to_async
    def store(self, said):
        message = Message.objects.create(
            key=said["id"], room_id=said["room"], account=self.account, body=said["body"]
        )
        return message.id
