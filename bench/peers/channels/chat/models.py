from django.db import models


class Account(models.Model):
    token = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=64)
    friends = models.ManyToManyField("self")


class Room(models.Model):
    id = models.CharField(primary_key=True, max_length=36)
    members = models.ManyToManyField(Account, related_name="rooms")


class Message(models.Model):
    key = models.CharField(max_length=36, unique=True)
    room = models.ForeignKey(Room, on_delete=models.CASCADE)
    account = models.ForeignKey(Account, on_delete=models.CASCADE)
    body = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)
